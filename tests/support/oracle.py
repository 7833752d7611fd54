"""An independent count of a list of records: plain loops straight from the definitions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from schema.hit import Hit, Kind, Record, RejectedHit

GAP_MS = 30 * 60 * 1000

Key = tuple[Any, ...]  # the key columns of a rollup, in their order; `day` is a date, `hour` seconds since the epoch
Counts = dict[str, dict[Key, dict[str, int]]]  # rollup → key → measures that are not 0


@dataclass
class Visit:
    """One visit, its counted hits in order of time."""

    hits: list[Hit]
    is_first_of_day: bool = True

    @property
    def views(self) -> list[Hit]:
        return [hit for hit in self.hits if hit.kind == Kind.PAGEVIEW]

    @property
    def events(self) -> list[Hit]:
        return [hit for hit in self.hits if hit.kind == Kind.EVENT]

    @property
    def engagement(self) -> list[Hit]:
        return [hit for hit in self.hits if hit.kind == Kind.ENGAGEMENT]

    @property
    def bounced(self) -> bool:
        return len(self.views) == 1 and not any(hit.interactive for hit in self.events)

    @property
    def seconds(self) -> int:
        return (self.hits[-1].at - self.hits[0].at) // 1000

    @property
    def closes_at(self) -> int:
        next_midnight = (self.hits[0].at // 86_400_000 + 1) * 86_400_000
        return min(self.hits[-1].at + GAP_MS, next_midnight - 1)


@dataclass
class Oracle:
    """Counts `records` anew, all at once; `zones` maps sites to IANA names, others have UTC."""

    records: Iterable[Record]
    zones: Mapping[str, str] = field(default_factory=dict)
    visits: list[Visit] = field(default_factory=list)
    rejected: list[tuple[str, int, str]] = field(default_factory=list)  # site, at, reason
    counts: Counts = field(default_factory=lambda: defaultdict(lambda: defaultdict(lambda: defaultdict(int))))
    _done: set[tuple[object, ...]] = field(default_factory=set, repr=False)

    def __post_init__(self) -> None:
        by_day: dict[int, list[Hit]] = defaultdict(list)
        for record in self.records:
            if isinstance(record, RejectedHit):
                self.rejected.append((record.site, record.at, record.reason.value))
            else:
                by_day[record.at // 86_400_000].append(record)
        for hits in by_day.values():
            self._find_visits(hits)
        for visit in self.visits:
            self._count_visit(visit)
        for site, at, reason in self.rejected:
            self._add("rejections", (*self._when(site, at), reason), hits=1)
            self._add("batches", self._when(site, at), rejected_hits=1)

    # Who visited when.

    def _find_visits(self, hits: list[Hit]) -> None:
        """Split one UTC day's hits into visits."""
        seen_ids = set()
        by_visitor: dict[tuple[str, int], list[Hit]] = defaultdict(list)
        for hit in sorted(hits, key=lambda hit: (hit.at, hit.visitor, msgspec.structs.astuple(hit))):
            if hit.event_id and (hit.site, hit.event_id) in seen_ids:
                self.rejected.append((hit.site, hit.at, "duplicate"))
                continue
            seen_ids.add((hit.site, hit.event_id))
            by_visitor[hit.site, hit.visitor].append(hit)
        for of_visitor in by_visitor.values():
            self._find_visits_of_one(of_visitor)

    def _find_visits_of_one(self, hits: list[Hit]) -> None:
        days_visited = set()
        previous = None
        visit: Visit | None = None
        for hit in hits:
            if previous is None or hit.at - previous > GAP_MS:
                visit = None
            previous = hit.at
            if visit:
                visit.hits.append(hit)
            elif hit.kind == Kind.ENGAGEMENT:
                self.rejected.append((hit.site, hit.at, "no_visit"))
            else:
                _, day, _ = self._when(hit.site, hit.at)
                visit = Visit([hit], is_first_of_day=day not in days_visited)
                days_visited.add(day)
                self.visits.append(visit)

    # What counts where.

    def _count_visit(self, visit: Visit) -> None:
        first = visit.hits[0]
        pages = [hit.path for hit in visit.views]
        entry, leave = (pages[0], pages[-1]) if pages else ("", "")
        self._add(
            "visits",
            (*self._when(first.site, first.at), entry, leave, *_whose(first)),
            visits=1,
            visitors=int(visit.is_first_of_day),
            bounces=int(visit.bounced),
            pageviews=len(pages),
            events=len(visit.events),
            duration_seconds=visit.seconds,
            engaged_ms=sum(hit.engaged_ms for hit in visit.engagement),
        )
        self._count_pages(visit)
        self._count_events(visit)
        self._count_audience(visit)
        for hit in visit.hits:
            ledger = {Kind.PAGEVIEW: "pageview_hits", Kind.EVENT: "event_hits", Kind.ENGAGEMENT: "engagement_hits"}
            self._add("batches", self._when(hit.site, hit.at), **{ledger[hit.kind]: 1})

    def _count_pages(self, visit: Visit) -> None:
        rows: dict[str, Key] = {}  # page → where its first view of this visit counts
        for position, hit in enumerate(visit.views):
            row = self._page_row(visit, hit)
            self._add(
                "pageviews",
                row,
                pageviews=1,
                visitors=self._once("view", hit, row[1], hit.path),
                active_visitors=self._once("hour", hit, row[2]),
                visits=int(hit.path not in rows),
                entries=int(position == 0),
                exits=int(position == len(visit.views) - 1),
                bounces=int(position == 0 and visit.bounced),
            )
            rows.setdefault(hit.path, row)
        depths: dict[str, int] = {}
        for hit in visit.engagement:
            row = self._page_row(visit, hit)
            self._add("pageviews", row, engaged_ms=hit.engaged_ms)
            rows.setdefault(hit.path, row)
            if hit.scroll_depth >= 0:
                depths[hit.path] = max(depths.get(hit.path, 0), hit.scroll_depth)
        for path, depth in depths.items():
            self._add("pageviews", rows[path], scroll_depth_sum=depth, scroll_depth_count=1)

    def _page_row(self, visit: Visit, hit: Hit) -> Key:
        return (*self._when(hit.site, hit.at), hit.hostname, hit.path, *_whose(visit.hits[0]))

    def _count_events(self, visit: Visit) -> None:
        names = set()
        for hit in visit.events:
            when = self._when(hit.site, hit.at)
            self._add(
                "events",
                (*when, hit.name, hit.path, *_whose(visit.hits[0]), hit.currency),
                events=1,
                visitors=self._once("event", hit, when[1], hit.name),
                visits=int(hit.name not in names),
                revenue=hit.revenue,
            )
            names.add(hit.name)
            for key, value in hit.props:
                visitors = self._once("prop", hit, when[1], hit.name, key, value)
                self._add("event_props", (*when, hit.name, key, value), events=1, visitors=visitors)

    def _count_audience(self, visit: Visit) -> None:
        first = visit.hits[0]
        for name, parent, value in (
            ("region", first.country, first.region),
            ("city", first.region or first.country, first.city),
            ("browser_version", first.browser, first.browser_version),
            ("os_version", first.os, first.os_version),
            ("language", "", first.language),
            ("screen", "", first.screen),
        ):
            if value:
                self._add(
                    "audience",
                    (*self._when(first.site, first.at), name, parent, value),
                    pageviews=len(visit.views),
                    visits=1,
                    visitors=int(visit.is_first_of_day),
                )

    def _once(self, kind: str, hit: Hit, *what: object) -> int:
        """1 the first time that this visitor does this on this UTC day, then 0; visits come in order of time."""
        key = (kind, hit.site, hit.visitor, hit.at // 86_400_000, *what)
        if key in self._done:
            return 0
        self._done.add(key)
        return 1

    def _when(self, site: str, at: int) -> tuple[str, date, int]:
        """Site, local day, and the start of the local clock hour in seconds since the epoch."""
        local = datetime.fromtimestamp(at // 1000, ZoneInfo(self.zones.get(site, "UTC")))
        minutes = local.minute
        start = local.astimezone(UTC) - timedelta(minutes=minutes, seconds=local.second)
        return site, local.date(), int(start.timestamp())

    def _add(self, rollup: str, row: Key, **measures: int) -> None:
        for name, value in measures.items():
            if value:
                self.counts[rollup][row][name] += value

    # Totals.

    def totals(self, site: str) -> dict[str, int]:
        """The figures at the top of the dashboard, all days together: daily visitors added up."""
        names = ("visitors", "visits", "pageviews", "bounces", "duration_seconds")
        rows = [measures for row, measures in self.counts["visits"].items() if row[0] == site]
        return {name: sum(measures.get(name, 0) for measures in rows) for name in names}

    def by(self, rollup: str, column: int, measure: str, site: str) -> dict[str, int]:
        """One measure of a rollup per value of its key column number `column`: per page, source, country …"""
        found: dict[str, int] = defaultdict(int)
        for row, measures in self.counts[rollup].items():
            if row[0] == site and measures.get(measure):
                found[row[column]] += measures[measure]
        return dict(found)


def _whose(hit: Hit) -> Key:
    acquisition = (hit.channel, hit.source, hit.referrer, hit.utm_medium, hit.utm_source, hit.utm_campaign)
    return (*acquisition, hit.utm_term, hit.utm_content, hit.country, hit.device, hit.browser, hit.os)
