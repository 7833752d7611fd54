"""What has arrived and waits for its window to be cut, as it came: frames with a column `at`."""

from __future__ import annotations

import numpy as np

from aggregator.columns import Columns, height, joined, take
from schema.batch import Window

_FRAME_ROWS = 20_000


class Arrivals:
    """Frames of records, whose order says nothing. `columns` is one without rows."""

    def __init__(self, columns: Columns) -> None:
        self.frames: list[Columns] = []
        self._columns = columns

    def add(self, frame: Columns) -> None:
        """Take a frame in; small ones are put together, so that there are only a few."""
        if not height(frame):
            return
        parts = [frame]
        while self.frames and height(self.frames[-1]) <= min(_FRAME_ROWS, 2 * sum(map(height, parts))):
            parts.append(self.frames.pop())
        self.frames.append(joined(parts))

    def before(self, end_ms: int) -> Columns:
        """Return the records from before `end_ms`."""
        return joined([self._columns, *(_split(frame, end_ms, is_before=True) for frame in self.frames)])

    def drop_before(self, end_ms: int) -> None:
        """Forget these."""
        rest = [_split(frame, end_ms, is_before=False) for frame in self.frames]
        self.frames = [frame for frame in rest if height(frame)]

    def window_after(self, rows: int, first: Window) -> Window:
        """Return the window, `first` or later, before whose end there are about `rows` records."""
        if sum(map(height, self.frames)) <= rows:
            return Window(2**40)
        at = np.concatenate([frame["at"] for frame in self.frames])
        return max(first, Window.of(int(np.partition(at, rows)[rows])))


def _split(frame: Columns, end_ms: int, *, is_before: bool) -> Columns:
    """Return the rows on one side; the frame itself if that is all of them."""
    chosen = (frame["at"] < end_ms) == is_before
    return frame if chosen.all() else take(frame, chosen)
