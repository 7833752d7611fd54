"""The counts as they are with one set of live snapshots: answers to queries, visits still open, rejections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from dashboard.answer import Answer, ResultRow, page, read_rows
from dashboard.formulas import Formula
from dashboard.period import EARLIEST, Period, local_day
from dashboard.query import Query, plan
from dashboard.second import add_comparison, add_shares
from dashboard.sql import (
    Ground,
    count_rows,
    select,
    select_daily_visitors,
    select_first_day,
    select_open_visits,
    select_rejections,
)
from schema.live import Snapshot, snapshots_of
from schema.store import Store


@dataclass(frozen=True)
class Counts:
    """What `store` holds up to `snapshots`; Reader makes it, and sees to it that they are still in place.

    Raises, from every method:
        StoreUnavailableError: the store does not answer now.
    """

    store: Store
    snapshots: Sequence[Snapshot]

    def ask(self, query: Query, now_ms: int) -> Answer:
        """Return the answer to `query`.

        Raises:
            QueryError: the counts cannot tell it.
        """
        query = self._settle(query, now_ms)
        formulas = plan(query)
        ground = Ground(self.snapshots_for(query.site), local_day(now_ms, query.period.zone))
        statement = select(query, formulas, ground)
        results = read_rows(query, formulas, statement, self.store.query(statement.sql, statement.values), now_ms)
        total = self._total_rows(query, formulas, results, ground) if query.has_total_rows else None
        answer = Answer(query, page(query, results) if query.filled else results, total)
        answer = add_shares(answer, lambda whole: self.ask(whole, now_ms))
        return add_comparison(answer, lambda earlier: self.ask(earlier, now_ms))

    def _settle(self, query: Query, now_ms: int) -> Query:
        """`all` from its first day; whole days where rare values are folded: a day is cut as a whole."""
        period = query.period
        if period.is_unbounded:
            period = self.narrow(query.site, period, now_ms)
        if query.is_folded and period.until is not None:
            period = replace(period, until=None)
        return replace(query, period=period)

    def first_day(self, site: str) -> date | None:
        """Return the first local day of `site` with a visit; None before that."""
        statement = select_first_day(site, self.snapshots_for(site))
        ((day,),) = self.store.query(statement.sql, statement.values)
        return day if day > EARLIEST else None

    def narrow(self, site: str, period: Period, now_ms: int) -> Period:
        """Return the period from the first day of `site` that has a visit."""
        first = self.first_day(site) or local_day(now_ms, period.zone)
        return replace(period, start=min(first, period.last))

    def open_visits(self, site: str) -> int | None:
        """Return how many visits of `site` are open; None before the first live snapshot."""
        return self.open_visits_of([site])[site]

    def open_visits_of(self, sites: Sequence[str]) -> Mapping[str, int | None]:
        """Return the same of several sites, which are on one shard."""
        snapshots = self.snapshots_for(sites[0])
        if not snapshots:
            return dict.fromkeys(sites)
        statement = select_open_visits(sites, snapshots)
        return dict.fromkeys(sites, 0) | dict(self.store.query(statement.sql, statement.values))

    def daily_visitors(self, sites: Sequence[str], period: Period) -> dict[str, dict[date, int]]:
        """Return the visitors of each day that has any: site → local day → visitors, of sites on one shard."""
        statement = select_daily_visitors(sites, period, self.snapshots_for(sites[0]))
        found: dict[str, dict[date, int]] = {site: {} for site in sites}
        for site, day, visitors in self.store.query(statement.sql, statement.values):
            found[site][day] = visitors
        return found

    def rejections(self, site: str, period: Period) -> dict[str, int]:
        """Return how many beacons were not counted: reason → hits, the most frequent first."""
        statement = select_rejections(site, period, self.snapshots_for(site))
        return dict(self.store.query(statement.sql, statement.values))

    def snapshots_for(self, site: str) -> Sequence[Snapshot]:
        """Return the snapshots of who counts `site`."""
        return snapshots_of(site, self.store, self.snapshots)

    def _total_rows(
        self, query: Query, formulas: Mapping[str, Formula], results: Sequence[ResultRow], ground: Ground
    ) -> int:
        if query.filled or not query.dimensions:
            return len(results)
        statement = count_rows(query, formulas, ground)
        ((count,),) = self.store.query(statement.sql, statement.values)
        return int(count)
