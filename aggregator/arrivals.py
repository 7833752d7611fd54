"""What has arrived and waits for its window to be cut, as it came: frames with a column `at`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aggregator.columns import Columns, height, joined, take
from schema.batch import WINDOW_MS, Window

_FRAME_ROWS = 20_000


@dataclass(frozen=True)
class _Frame:
    """Records, and the instants of the first and last of them: what is wholly on one side needs no look."""

    columns: Columns
    first: int
    last: int

    @classmethod
    def of(cls, columns: Columns) -> _Frame:
        return cls(columns, int(columns["at"].min()), int(columns["at"].max()))


class Arrivals:
    """Frames of records, whose order says nothing. `columns` is one without rows."""

    def __init__(self, columns: Columns) -> None:
        self._frames: list[_Frame] = []
        self._rows: Counter[int] = Counter()  # by window
        self._columns = columns

    @property
    def frames(self) -> list[Columns]:
        """All of them."""
        return [frame.columns for frame in self._frames]

    def replace(self, frames: Sequence[Columns]) -> None:
        """Take `frames` for those there are: the same records with other numbers for their texts."""
        pairs = zip(self._frames, frames, strict=True)
        self._frames = [_Frame(columns, frame.first, frame.last) for frame, columns in pairs]

    def add(self, frame: Columns) -> None:
        """Take a frame in; small ones are put together, so that there are only a few."""
        if not height(frame):
            return
        windows, rows = np.unique(frame["at"] // WINDOW_MS, return_counts=True)
        self._rows.update(dict(zip(windows.tolist(), rows.tolist(), strict=True)))
        parts = [frame]
        while self._frames and height(self._frames[-1].columns) <= min(_FRAME_ROWS, 2 * sum(map(height, parts))):
            parts.append(self._frames.pop().columns)
        self._frames.append(_Frame.of(joined(parts)))

    def before(self, end_ms: int) -> Columns:
        """Return the records from before `end_ms`."""
        return joined([self._columns, *(_before(frame, end_ms) for frame in self._frames if frame.first < end_ms)])

    def drop_before(self, end_ms: int) -> None:
        """Forget these; `end_ms` is the end of a window."""
        rest = [_from(frame, end_ms) for frame in self._frames if frame.last >= end_ms]
        self._frames = rest
        self._rows = Counter({window: rows for window, rows in self._rows.items() if window * WINDOW_MS >= end_ms})

    def window_after(self, rows: int, first: Window) -> Window:
        """Return the window, `first` or later, before whose end there are more than `rows` records."""
        so_far = 0
        for window in sorted(self._rows):
            so_far += self._rows[window]
            if so_far > rows:
                return max(first, Window(window))
        return Window(2**40)


def _before(frame: _Frame, end_ms: int) -> Columns:
    return frame.columns if frame.last < end_ms else take(frame.columns, frame.columns["at"] < end_ms)


def _from(frame: _Frame, start_ms: int) -> _Frame:
    return frame if frame.first >= start_ms else _Frame.of(take(frame.columns, frame.columns["at"] >= start_ms))
