"""Whether the spool may grow: its own size, its reserve and the free space of its volume, measured now and then."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from schema.reserve import RESERVE_NAME, Reserve
from schema.settings import SpoolSettings

_FREE_SECONDS = 1.0  # between two looks at the volume: cheap
_SIZE_SECONDS = 15.0  # between two walks over all segments: not so cheap


class SpoolSpace:
    """Holds the spool to `max_bytes` and `min_free_bytes`, give or take what arrives between two measurements.

    Without its reserve nothing is taken either, whatever `min_free_bytes` is: it was given up because the volume is
    full, and a worker that tried again would only fail again.
    """

    def __init__(self, settings: SpoolSettings, directory: Path) -> None:
        self._settings = settings
        self._directory = directory
        self._reserve = Reserve(directory)
        self._has_reserve = self._reserve.make()
        self._bytes = self._free = 0
        self._measure_size_at = self._measure_free_at = 0.0

    def problem(self) -> str:
        """Return why nothing may be written now; empty if it may."""
        self._measure(time.monotonic())
        if self._bytes >= self._settings.max_bytes:
            return "the spool has reached spool.max_bytes"
        if self._free < self._settings.min_free_bytes:
            return "the spool's volume has less than spool.min_free_bytes free"
        if not self._has_reserve:
            return "the spool's volume is full: there is no room for its reserve"
        return ""

    def add(self, written_bytes: int) -> None:
        """Count what this process has written since the last measurement."""
        self._bytes += written_bytes
        self._free -= written_bytes

    def _measure(self, now: float) -> None:
        if now >= self._measure_free_at:
            self._has_reserve = self._reserve.make()
            volume = os.statvfs(self._directory)
            self._free = volume.f_bavail * volume.f_frsize
            self._measure_free_at = now + _FREE_SECONDS
        if now >= self._measure_size_at:
            self._bytes = _size_of(self._directory)
            self._measure_size_at = now + _SIZE_SECONDS


def _size_of(directory: str | Path) -> int:
    """Return the bytes of all files below `directory` but the reserve; segments and days may go while it looks."""
    with contextlib.suppress(FileNotFoundError), os.scandir(directory) as entries:
        return sum(map(_entry_size, entries))
    return 0


def _entry_size(entry: os.DirEntry[str]) -> int:
    if entry.is_dir(follow_symlinks=False):
        return _size_of(entry.path)
    if entry.name == RESERVE_NAME:  # it holds no hits
        return 0
    with contextlib.suppress(FileNotFoundError):
        return entry.stat(follow_symlinks=False).st_size
    return 0
