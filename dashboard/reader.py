"""Asks the store: queries, visits still open, rejections; asks again when a live slot was filled anew meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

from dashboard.answer import Answer, ResultRow, page, read_rows
from dashboard.period import ALL, EARLIEST, Period, local_day
from dashboard.query import Query, plan
from dashboard.sql import count_rows, select, select_first_day, select_rejections
from dashboard.visibility import is_overtaken
from dashboard.vocabulary import Formula
from schema.errors import StoreUnavailableError
from schema.live import Snapshot, live_table, newest_snapshots
from schema.store import Store

_STRICT_TRIES = 3  # then a snapshot may follow the one that was read; see is_overtaken
_TRIES = 6

Snapshots = Sequence[Snapshot]
Found = TypeVar("Found")


@dataclass(frozen=True)
class Reader:
    """Answers about the counts in `store`. Each call takes as long as the store does.

    Raises:
        QueryError: the counts cannot answer the query.
        StoreUnavailableError: the store does not answer now.
    """

    store: Store

    def ask(self, query: Query, now_ms: int) -> Answer:
        """Return the answer to `query`."""
        if query.period.name == ALL:
            query = replace(query, period=self._narrow(query, now_ms))
        formulas = plan(query)
        return self._read(lambda snapshots: self._ask(query, formulas, now_ms, snapshots))

    def first_day(self, site: str) -> date | None:
        """Return the first local day of `site` with a visit; None before that."""

        def read(snapshots: Snapshots) -> date | None:
            statement = select_first_day(site, snapshots)
            ((day,),) = self.store.query(statement.sql, statement.values)
            return day if day > EARLIEST else None

        return self._read(read)

    def open_visits(self, site: str) -> int | None:
        """Return how many visits of `site` are open; None before the first live snapshot."""

        def read(snapshots: Snapshots) -> int | None:
            tables = [live_table(snapshot.node, snapshot.slot, "visits") for snapshot in snapshots]
            sql = [f"SELECT sum(visits) FROM {table} WHERE site = {{site:String}}" for table in tables]
            return sum(self.store.query(each, {"site": site})[0][0] for each in sql) if sql else None

        return self._read(read)

    def rejections(self, site: str, period: Period) -> dict[str, int]:
        """Return how many beacons were not counted: reason → hits, the most frequent first."""

        def read(snapshots: Snapshots) -> dict[str, int]:
            statement = select_rejections(site, period, snapshots)
            return dict(self.store.query(statement.sql, statement.values))

        return self._read(read)

    def _read(self, read: Callable[[Snapshots], Found]) -> Found:
        """Return what `read` finds with the newest snapshots, once they stayed in place for as long as it read."""
        used = newest_snapshots(self.store)
        for attempt in range(_TRIES):
            found = read(used)
            newest = newest_snapshots(self.store)
            if not is_overtaken(used, newest, spare=int(attempt >= _STRICT_TRIES)):
                return found
            used = newest
        raise StoreUnavailableError("the live counts change faster than they can be read")

    def _ask(self, query: Query, formulas: dict[str, Formula], now_ms: int, snapshots: Snapshots) -> Answer:
        statement = select(query, formulas, snapshots)
        rows = self.store.query(statement.sql, statement.values)
        results = read_rows(query, formulas, statement, rows, now_ms)
        total = self._total_rows(query, formulas, results, snapshots) if query.has_total_rows else None
        return Answer(query, page(query, results) if query.filled else results, total)

    def _total_rows(
        self, query: Query, formulas: dict[str, Formula], results: Sequence[ResultRow], snapshots: Snapshots
    ) -> int:
        if query.filled or not query.dimensions:
            return len(results)
        statement = count_rows(query, formulas, snapshots)
        ((count,),) = self.store.query(statement.sql, statement.values)
        return int(count)

    def _narrow(self, query: Query, now_ms: int) -> Period:
        """The period from the first day that has a visit."""
        period = query.period
        first = self.first_day(query.site) or local_day(now_ms, period.zone)
        return replace(period, start=min(first, period.last))
