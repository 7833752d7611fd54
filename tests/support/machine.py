"""Two workers and an aggregator on one wall clock that a test turns, in this process."""

from __future__ import annotations

import contextlib
import random
from dataclasses import dataclass, field
from pathlib import Path

from aggregator.closed_day import keep_today_closed
from aggregator.run import Aggregator
from collector.clock import Clock
from collector.segments import Segments
from schema.batch import DAY_MS, utc_day
from schema.errors import ClockError, SpoolUnavailableError
from schema.fence import check_fence
from schema.settings import Settings, SiteSettings
from support.fallible_store import FallibleStore
from support.hits import pageview
from support.oracle import Counts
from support.visible import visible_counts

ZONES = {
    "berlin.example": "Europe/Berlin",
    "newyork.example": "America/New_York",
    "kathmandu.example": "Asia/Kathmandu",  # +05:45
    "lordhowe.example": "Australia/Lord_Howe",  # half an hour of daylight saving
    "stjohns.example": "America/St_Johns",  # -03:30
    "utc.example": "UTC",
}


@dataclass
class Machine:
    """Two workers' clocks and segments and an aggregator, on a wall clock that a test turns. Its store comes later."""

    directory: Path
    store: FallibleStore
    now_ms: int
    chance: random.Random
    acknowledged: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    latest_ms: int = 0
    aggregator: Aggregator | None = None

    def __post_init__(self) -> None:
        sites = tuple(SiteSettings(domain, zone) for domain, zone in ZONES.items())
        self.settings = Settings(data_dir=self.directory, site=sites)
        self.workers = [self._worker(), self._worker()]
        self.start_aggregator()

    def wall(self) -> int:
        return self.now_ms

    def _worker(self) -> tuple[Clock, Segments]:
        clock = Clock(self.wall)
        return clock, Segments(self.settings.spool_dir, 1, 300, clock)

    def start_aggregator(self) -> bool:
        """Start it, as a process does: not while the clock is days behind what was counted."""
        self.aggregator = None
        with contextlib.suppress(ClockError):
            check_fence(self.settings.spool_dir, self.now_ms)
            keep_today_closed(self.settings, self.now_ms)
            self.aggregator = Aggregator(self.settings, self.store, self.wall, lambda: self.now_ms / 1000)
        return self.aggregator is not None

    def restart(self, *numbers: int) -> None:
        """Restart workers, or one past them the aggregator: what they knew of the time is gone."""
        for number in numbers or (self.chance.randrange(3),):
            if number < len(self.workers):
                self.workers[number][1].seal()
                self.workers[number] = self._worker()
            else:
                self.start_aggregator()

    def tick(self, ms: int) -> None:
        """Let so much time go by, with hits on all sites, and let the aggregator look."""
        self.now_ms += ms
        for clock, segments in self.workers:
            for site in ZONES:
                self._hit(clock, segments, site)
            if self.chance.random() < 0.7:
                segments.seal()
        if self.aggregator is not None or self.start_aggregator():
            assert self.aggregator is not None
            self.aggregator.step(self.now_ms)

    def _hit(self, clock: Clock, segments: Segments, site: str) -> None:
        path, at = f"/{len(self.acknowledged) + len(self.refused)}", clock()
        self.latest_ms = max(self.latest_ms, at)
        try:
            segments.write(utc_day(at), [pageview("00:00", self.chance.randrange(5), path, at=at, site=site)])
        except SpoolUnavailableError:
            self.refused.add(path)
        else:
            self.acknowledged.add(path)

    def finish(self) -> Counts:
        """Let the clock be right again, close all days, and give the counts."""
        for _, segments in self.workers:
            segments.seal()
        self.store.is_down = False
        self.now_ms = max(self.latest_ms, self.now_ms) + 2 * DAY_MS
        assert self.start_aggregator()
        assert self.aggregator is not None
        for _ in range(4):
            self.now_ms += 2000
            self.aggregator.step(self.now_ms)
        assert [path.name for path in self.settings.spool_dir.iterdir() if path.name != "reserve"] == ["fence"]
        return visible_counts(self.store.real)
