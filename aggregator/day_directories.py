"""Directories named after UTC days: the spool has them, and the archive."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path


def days_in(root: Path) -> list[date]:
    """Return the days that have a directory in `root`, oldest first; other names are none of ours."""
    names = os.listdir(root) if root.is_dir() else []
    return sorted(day for name in names if (day := _day_of(name)))


def _day_of(name: str) -> date | None:
    try:
        day = date.fromisoformat(name)
    except ValueError:
        return None
    return day if day.isoformat() == name else None
