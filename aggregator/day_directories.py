"""Directories named after UTC days: the spool has them, and the archive."""

from __future__ import annotations

import os
from datetime import date, timedelta
from pathlib import Path


def days_in(root: Path) -> list[date]:
    """Return the days that have a directory in `root`, oldest first; other names are none of ours."""
    names = os.listdir(root) if root.is_dir() else []
    return sorted(day for name in names if (day := _day_of(name)))


def first_of_month(day: date) -> date:
    """Return the first day of the month of `day`."""
    return day.replace(day=1)


def last_of_month(day: date) -> date:
    """Return the last day of the month of `day`."""
    return first_of_month(first_of_month(day) + timedelta(days=31)) - timedelta(days=1)


def third_of_month(day: date) -> tuple[date, date]:
    """Return the first and the last of the ten days or so, a third of a month, that `day` is one of."""
    first = day.replace(day=min((day.day - 1) // 10 * 10 + 1, 21))
    return first, last_of_month(day) if first.day == 21 else first + timedelta(days=9)


def _day_of(name: str) -> date | None:
    try:
        day = date.fromisoformat(name)
    except ValueError:
        return None
    return day if day.isoformat() == name else None
