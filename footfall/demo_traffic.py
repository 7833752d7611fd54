"""Made-up visitors of the example site: one UTC day of hits, the same ones for the same seed. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any

from footfall.demo_population import (
    BROWSERS,
    CAMPAIGNS,
    COUNTRIES,
    DEVICES,
    DIRECT,
    LANDINGS,
    NEWS,
    PLANNER,
    PLANS,
    SOURCES,
    WALKS,
    Country,
    Source,
    pick,
)
from schema.batch import DAY_MS, day_start_ms
from schema.hit import NO_SCROLL_DEPTH, Hit, Kind, Record, RejectedHit, Rejection

_WEEKDAY = (1.10, 1.12, 1.08, 1.02, 0.90, 0.62, 0.70)
_BUSY_DAYS = 0.012  # share of days on which an article is passed around
_SINGLE_PAGE = 0.46
_RETURNS_SAME_DAY = 0.14
_CONVERTS = 0.05
_VIEWS = {path for _, path in PLANNER}  # views of one page, which nobody scrolls


@dataclass(frozen=True)
class Traffic:
    """How much: `visitors` on an average day of the first year, growing by `growth` a year."""

    site: str
    visitors: int = 420
    growth: float = 0.55
    seed: int = 7

    def records(self, day: date, first_day: date) -> list[Record]:
        """Return the records of one UTC day in order of time; `first_day` is where growth begins."""
        random = Random(f"{self.seed} {day.isoformat()}")  # noqa: S311 (made-up traffic, the same every time)
        shared = pick(random, WALKS) if random.random() < _BUSY_DAYS else None
        count = round(self.visitors * self._level(day, first_day, random) * (3.2 if shared else 1.0))
        records: list[Record] = []
        for _ in range(count):
            records += _Visitor(self.site, day, random, shared).hits()
        records += self._rejected(day, count, random)
        return sorted(records, key=lambda record: record.at)

    def _level(self, day: date, first_day: date, random: Random) -> float:
        growth = (1 + self.growth) ** ((day - first_day).days / 365)
        season = 1 + 0.16 * math.cos((day.timetuple().tm_yday - 25) / 365 * 2 * math.pi)
        holidays = 0.55 if (day.month, day.day) >= (12, 23) or (day.month, day.day) <= (1, 2) else 1.0
        return float(growth * season * holidays * _WEEKDAY[day.weekday()] * random.lognormvariate(0, 0.07))

    def _rejected(self, day: date, visitors: int, random: Random) -> Iterator[RejectedHit]:
        start = day_start_ms(day)
        for reason, share in ((Rejection.BOT, 0.21), (Rejection.OPT_OUT, 0.03), (Rejection.PREFETCH, 0.015)):
            for _ in range(round(visitors * share * random.lognormvariate(0, 0.2))):
                yield RejectedHit(self.site, start + random.randrange(DAY_MS), reason)


@dataclass
class _Visitor:
    """One browser on one day: where it is, what it is, and the hits of its visits."""

    site: str
    day: date
    random: Random
    shared: str | None
    country: Country = field(init=False)
    shape: dict[str, str] = field(init=False)
    code: int = field(init=False)

    def __post_init__(self) -> None:
        self.country = pick(self.random, COUNTRIES)
        device = pick(self.random, DEVICES)
        browser, version, system, system_version = pick(self.random, BROWSERS[device])
        self.code = self.random.getrandbits(64)
        self.shape = {
            "site": self.site,
            "hostname": self.site,
            "country": self.country.code,
            "device": device,
            "browser": browser,
            "browser_version": version,
            "os": system,
            "os_version": system_version,
            "language": self.country.language,
            "screen": {"Desktop": "Desktop", "Tablet": "Tablet", "Mobile": "Mobile"}[device],
        }

    def hits(self) -> list[Hit]:
        """Return the hits of the day: one visit, now and then a second one later."""
        hits = self._visit(self._arrival(), pick(self.random, SOURCES))
        if self.random.random() < _RETURNS_SAME_DAY:
            hits += self._visit(hits[-1].at + self.random.randrange(45, 400) * 60_000, DIRECT)
        end = day_start_ms(self.day) + DAY_MS
        return [hit for hit in hits if hit.at < end]

    def _arrival(self) -> int:
        """Two humps, late morning and evening, by the clock of the visitor's country."""
        local = self.random.gauss(10.8, 2.2) if self.random.random() < 0.58 else self.random.gauss(20.2, 2.1)
        utc_hours = (local - self.country.utc_offset) % 24
        return day_start_ms(self.day) + min(int(utc_hours * 3_600_000), DAY_MS - 1)

    def _visit(self, at: int, source: Source) -> list[Hit]:
        if self.shared and self.random.random() < 0.7:
            source = NEWS
        where = {"channel": source.channel, "source": source.name, "referrer": source.referrer}
        if source.channel in CAMPAIGNS:
            where |= pick(self.random, CAMPAIGNS[source.channel])
        hits: list[Hit] = []
        for path in self._paths(source):
            at = self._read(hits, at, path, where)
        if self.random.random() < _CONVERTS:
            hits.append(self._hit(at + 900, Kind.EVENT, where, **self._goal()))
        return hits

    def _read(self, hits: list[Hit], at: int, path: str, where: dict[str, str]) -> int:
        """Add a pageview and the engagement that ends it; return when the next page is opened."""
        engaged_ms = min(int(self.random.lognormvariate(3.3, 1.0) * 1000), 20 * 60_000)
        scroll = NO_SCROLL_DEPTH if path in _VIEWS else min(100, max(5, int(self.random.gauss(62, 28))))
        hits.append(self._hit(at, Kind.PAGEVIEW, where, path=path))
        at += engaged_ms
        attention = {"name": "engagement", "engaged_ms": engaged_ms, "scroll_depth": scroll}
        hits.append(self._hit(at, Kind.ENGAGEMENT, where, path=path, **attention))
        return at + self.random.randrange(200, 1500)

    def _paths(self, source: Source) -> list[str]:
        """Return what is read: often one page; else a walk that starts where the source leads to."""
        first = self.shared if self.shared and source is NEWS else pick(self.random, LANDINGS[source.landing])
        if self.random.random() < _SINGLE_PAGE:
            return [first]
        paths = [first]
        while len(paths) < 14 and self.random.random() < 0.66:
            following = pick(self.random, LANDINGS["inside"])
            paths += [following] if following != paths[-1] else []
        return paths

    def _goal(self) -> dict[str, object]:
        """Return the fields of a custom event of the example site, some with revenue."""
        chance = self.random.random()
        if chance < 0.6:
            return {"name": "Newsletter signup", "props": (("place", "home"),), "path": "/"}
        if chance < 0.75:
            return {"name": "Packed", "props": (("items", "6"),), "path": "/app/packing"}
        plan, cents = pick(self.random, PLANS)
        props = (("plan", plan),)
        return {"name": "Subscribe", "props": props, "path": "/pricing", "currency": "EUR", "revenue": cents}

    def _hit(self, at: int, kind: Kind, where: dict[str, str], **fields: Any) -> Hit:
        texts: dict[str, Any] = {**self.shape, **where, **fields}
        return Hit(at=at, visitor=self.code, kind=kind, **texts)
