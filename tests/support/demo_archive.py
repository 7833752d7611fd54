"""The demo's traffic in an archive, up to a day that is always the same; loaded into a store by the real loader."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from aggregator.archive import Archive
from aggregator.day import Day
from aggregator.loader import Loader
from footfall.demo_traffic import Traffic
from schema.store import Store
from support.counts import local_time

SITE = "example.com"
END = date(2026, 3, 10)  # the day after the last


def demo_archive(root: Path, days: int, visitors: int = 0) -> Archive:
    """An archive of `days` days of traffic, with so many visitors a day or as many as the demo has."""
    archive, first = Archive(root, 1), END - timedelta(days=days)
    traffic = Traffic(SITE, visitors=visitors) if visitors else Traffic(SITE)
    for number in range(days):
        today = first + timedelta(days=number)
        day = Day(today, local_time())
        day.absorb(traffic.records(today, first))
        archive.write_day(today, day.live())
    return archive


def load(archive: Archive, store: Store) -> int:
    """Load all of it; return how many rows that was."""
    report = Loader(archive, store).reconcile()
    assert report.problems == []
    return report.inserted_rows
