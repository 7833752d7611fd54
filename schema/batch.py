"""Windows (five minutes of visit-closing time) and batches (what one node closed in one), by number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

WINDOW_MS = 5 * 60 * 1000
VISIT_GAP_MS = 30 * 60 * 1000
DAY_MS = 24 * 60 * 60 * 1000
MAX_NODE = 2**12 - 1
MAX_CHUNK = 2**16 - 1


@dataclass(frozen=True, order=True)
class Window:
    """Five minutes aligned to UTC; `index` counts them since the epoch. Half-open: [start_ms, end_ms)."""

    index: int

    @classmethod
    def of(cls, at_ms: int) -> Window:
        """Return the window that holds the instant `at_ms`."""
        return cls(at_ms // WINDOW_MS)

    @property
    def start_ms(self) -> int:
        """The first instant inside."""
        return self.index * WINDOW_MS

    @property
    def end_ms(self) -> int:
        """The first instant after."""
        return self.start_ms + WINDOW_MS

    @property
    def day(self) -> date:
        """The UTC day it belongs to; no window spans two."""
        return utc_day(self.start_ms)

    @property
    def next(self) -> Window:
        """The window that starts where this one ends."""
        return Window(self.index + 1)

    @property
    def name(self) -> str:
        """`HHMM` of its start, for file names."""
        return datetime.fromtimestamp(self.start_ms / 1000, UTC).strftime("%H%M")


def utc_day(at_ms: int) -> date:
    """Return the UTC day of an instant in milliseconds since the epoch."""
    return date(1970, 1, 1) + timedelta(days=at_ms // DAY_MS)


def day_start_ms(day: date) -> int:
    """Return the first millisecond of a UTC day."""
    return (day - date(1970, 1, 1)).days * DAY_MS


def batch_number(node: int, window: Window, chunk: int = 0) -> int:
    """Return the number of a batch: 12 bits node, 36 bits window, 16 bits chunk; a node's batches sort by time."""
    if not (0 <= node <= MAX_NODE and 0 <= chunk <= MAX_CHUNK):
        raise ValueError(f"node {node} or chunk {chunk} is out of range")
    return node << 52 | window.index << 16 | chunk


def batch_window(batch: int) -> Window:
    """Return the window of a batch number."""
    return Window(batch >> 16 & (1 << 36) - 1)


def batch_node(batch: int) -> int:
    """Return the node of a batch number."""
    return batch >> 52
