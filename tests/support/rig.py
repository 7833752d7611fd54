"""An aggregator that a test steps, with a store that can fail."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from aggregator.run import Aggregator, Report
from schema.batch import utc_day
from schema.hit import Record
from schema.settings import AggregatorSettings, Settings, SiteSettings
from schema.store import Store
from support.counts import total
from support.fallible_store import FallibleStore
from support.random_records import START, ZONES
from support.segments import sealed_segment
from support.visible import visible_counts

DAY = utc_day(START)
SITES = tuple(SiteSettings(domain, zone) for domain, zone in ZONES.items())


class Rig:
    """An aggregator in a directory of its own, whose store can fail and whose clocks a test turns."""

    def __init__(self, directory: Path, store: Store) -> None:
        self.settings = Settings(data_dir=directory, site=SITES, aggregator=AggregatorSettings(live_seconds=1))
        self.store = FallibleStore(store)
        self.now_ms = START
        self.start()

    def start(self) -> None:
        """What a restart does: begin with nothing but the disk."""
        self.aggregator = Aggregator(self.settings, self.store, lambda: self.now_ms, lambda: self.now_ms / 1000)

    def step(self, now_ms: int) -> Report:
        self.now_ms = now_ms
        return self.aggregator.step(now_ms)

    def seal(self, *found: Record, day: date = DAY) -> Path:
        return sealed_segment(self.settings.spool_dir, day, *found, created_at=self.now_ms)

    @property
    def status(self) -> dict[str, object]:
        return self.aggregator.status()

    def visits(self) -> int:
        """How many a reader of the store sees."""
        return int(total(visible_counts(self.store.real), "visits", "visits"))
