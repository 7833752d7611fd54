"""The wall clock, where wiring needs one to pass on."""

from __future__ import annotations

import time


def utc_now_ms() -> int:
    """Return milliseconds since the epoch, UTC."""
    return time.time_ns() // 1_000_000
