"""Damaged segments, kept apart by day for whoever looks into it, no longer than the day's other segments."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

from schema.durable_files import fsync_directory, make_directory, replace_file
from schema.spool_format import QUARANTINE_NAME, day_directory


class Quarantine:
    """`spool/quarantine/`, with a directory per UTC day."""

    def __init__(self, spool_dir: Path) -> None:
        self._root = spool_dir / QUARANTINE_NAME

    def keep_copy(self, day: date, segment: Path, content: bytes) -> None:
        """Keep `content`, that of `segment`, which stays where it is."""
        replace_file(self._directory(day) / segment.name, content)

    def take(self, day: date, segment: Path) -> None:
        """Move `segment` here."""
        directory = self._directory(day)
        segment.rename(directory / segment.name)
        fsync_directory(directory)
        fsync_directory(segment.parent)

    def remove_day(self, day: date) -> None:
        """Remove what is kept of a day: it holds visitor codes."""
        directory = self._root / day_directory(day)
        if directory.exists():
            shutil.rmtree(directory)
            fsync_directory(self._root)

    def _directory(self, day: date) -> Path:
        directory = self._root / day_directory(day)
        make_directory(directory)
        return directory
