"""A year of made-up traffic in a data directory of its own, through the real roll-up, archive and loader."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from aggregator.archive import Archive
from aggregator.day import Day
from aggregator.inventory import counted_days
from aggregator.loader import Loader
from aggregator.local_time import LocalTime
from aggregator.manifest import Manifest
from aggregator.months import compact_span, spans_to_compact
from aggregator.projections import complete
from collector.segment import Segment
from collector.tally import WorkerTally
from footfall.amounts import amount
from footfall.clock import utc_now_ms
from footfall.demo_traffic import Traffic
from footfall.process import own_directory
from schema import migrate
from schema.batch import utc_day
from schema.durable_files import make_directory
from schema.errors import ArgumentError, RetryError
from schema.hit import Record, encode_records
from schema.settings import Settings
from schema.spool_format import day_directory
from schema.store import open_store

_RECORDS_PER_FRAME = 2000


def make_demo(settings: Settings, days: int, site: str, console: Console) -> None:
    """Fill `settings.data_dir` with `days` days of traffic up to now; days that it has already are left as they are.

    Raises:
        DataDirInUseError: something runs on this directory.
        ArgumentError: there is something else in it.
    """
    now_ms = utc_now_ms()
    today, traffic = utc_day(now_ms), Traffic(site)
    first = today - timedelta(days=days)
    zones = LocalTime({known.domain: ZoneInfo(known.timezone) for known in settings.site})
    lock = own_directory(settings.data_dir, "footfall.lock")
    try:
        _claim(settings.data_dir)
        archive = Archive(settings.archive_dir, settings.node)
        missing = [day for day in _days(first, today) if not archive.is_compacted(day)]
        with _progress(console) as progress:
            made = [
                _archive_day(archive, Day(day, zones), day, traffic.records(day, first))
                for day in progress.track(missing, description=f"Making up {days} days")
            ]
            _load(settings, archive, made, progress)
            for first_day, last_day in progress.track(
                spans_to_compact(archive, today), description="Compacting months"
            ):
                compact_span(archive, first_day, last_day)
        _spool_today(settings, today, [hit for hit in traffic.records(today, first) if hit.at < now_ms])
    finally:
        os.close(lock)
    console.print(
        f"{settings.data_dir}/ has {amount(len(counted_days(archive)), 'day')} of made-up traffic.", highlight=False
    )


def _claim(directory: Path) -> None:
    """Mark `directory` as made up; refuse one that holds anything else."""
    marker = directory / "made-up"
    if not marker.exists() and any(entry.name != "footfall.lock" for entry in directory.iterdir()):
        raise ArgumentError("--directory", str(directory), "an empty directory, or one that the demo has made")
    marker.touch()


def _days(first: date, end: date) -> Iterator[date]:
    while first < end:
        yield first
        first += timedelta(days=1)


def _archive_day(archive: Archive, day: Day, date_: date, records: Sequence[Record]) -> Manifest:
    day.absorb(records)
    return archive.write_day(date_, day.live())


def _load(settings: Settings, archive: Archive, made: Sequence[Manifest], progress: Progress) -> None:
    """Load what was made, a month at a time."""
    months = sorted({(manifest.day.year, manifest.day.month) for manifest in made})
    store = open_store(settings)
    try:
        migrate.apply(store)
        loader = Loader(archive, store)
        for month in progress.track(months, description="Loading the store"):
            loader.load([manifest for manifest in made if (manifest.day.year, manifest.day.month) == month])
        with suppress(RetryError):  # else they are made while it runs
            complete(store)
    finally:
        store.close()


def _spool_today(settings: Settings, today: date, records: Sequence[Record]) -> None:
    """Put what has happened today into the spool, as workers would have: the aggregator takes it from there."""
    if not records or (settings.spool_dir / day_directory(today)).exists():
        return
    make_directory(settings.spool_dir)
    segment, tally = Segment(settings.spool_dir, settings.node, today, records[0].at), WorkerTally()
    tally.begin(segment.directory, segment.name)
    for start in range(0, len(records), _RECORDS_PER_FRAME):
        segment.append([encode_records(list(records[start : start + _RECORDS_PER_FRAME]))])
    tally.add(records)
    segment.seal()
    tally.complete()
    tally.close()


@contextmanager
def _progress(console: Console) -> Iterator[Progress]:
    columns = (TextColumn("{task.description:<20}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal) as progress:
        yield progress
