"""A UTC day that was closed takes no more hits, whatever has become of the clock or the fence."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from aggregator.archive import is_compacted
from schema.batch import DAY_MS, day_start_ms, utc_day
from schema.fence import raise_fence
from schema.settings import Settings


def is_closed(archive_dir: Path, day: date, node: int) -> bool:
    """Whether all batches of this node's day were put together: nothing can be added to it."""
    return is_compacted(archive_dir, day, node)


def keep_today_closed(settings: Settings, now_ms: int) -> None:
    """If the day of `now_ms` is closed, refuse its hits, before any is taken.

    That is so where the clock was days ahead for a while, and someone has removed the fence to start again.
    """
    today = utc_day(now_ms)
    if is_closed(settings.archive_dir, today, settings.node):
        raise_fence(settings.spool_dir, day_start_ms(today) + DAY_MS)
