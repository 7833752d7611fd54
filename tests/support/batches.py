"""Batches in an archive, made from hits."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

from aggregator.archive import Archive
from aggregator.day import Day
from aggregator.manifest import Manifest
from aggregator.rollup import Tables
from schema.batch import DAY_MS, Window, day_start_ms, utc_day
from schema.hit import Record
from support.counts import local_time


def windows_of(records: Sequence[Record]) -> dict[Window, Tables]:
    """The tables of every window of the records' UTC day."""
    return _windows_of(tuple(records))


@functools.cache
def _windows_of(records: tuple[Record, ...]) -> dict[Window, Tables]:
    day = Day(utc_day(records[0].at), local_time())
    day.absorb(records)
    return day.cut(Window.of(day_start_ms(utc_day(records[0].at)) + DAY_MS - 1))


def archive_of(root: Path, records: Sequence[Record], node: int = 1) -> tuple[Archive, list[Manifest]]:
    """An archive that holds the records' batches, and their manifests."""
    archive = Archive(root, node)
    return archive, [archive.write(window, tables) for window, tables in windows_of(records).items()]


def flip_bit(path: Path, position: int = -1) -> None:
    """Change one bit of a file."""
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)
