"""The worker's clock: milliseconds since the epoch, UTC, that never go back within a process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

Milliseconds = Callable[[], int]  # what everything that needs the time is given


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


class Clock:
    """Shows what `wall` shows, or what it showed last while `wall` has been set back. Safe in threads."""

    def __init__(self, wall: Milliseconds = _wall_ms) -> None:
        self._wall = wall
        self._latest = 0
        self._lock = threading.Lock()

    def __call__(self) -> int:
        """Return milliseconds since the epoch."""
        with self._lock:
            self._latest = max(self._latest, self._wall())
            return self._latest
