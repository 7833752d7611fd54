"""A bar for what takes long: on a terminal, once it has taken two seconds."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

QUICK_SECONDS = 2.0  # what takes less shows no progress


class SlowProgress:
    """`with` gives the function to call with the steps done and those in all."""

    def __init__(self, console: Console, what: str) -> None:
        columns = (TextColumn("{task.description:<28}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
        self._progress = Progress(*columns, TimeRemainingColumn(), console=console, transient=True)
        self._is_shown = False
        self._may_show = console.is_terminal
        self._start = time.monotonic()
        self._what = what
        self._task: TaskID | None = None

    def __enter__(self) -> SlowProgress:
        return self

    def __call__(self, done: int, total: int) -> None:
        """Show how far it is."""
        if self._task is None:
            self._start = time.monotonic()
            self._task = self._progress.add_task(self._what, total=total)
        self._progress.update(self._task, completed=done, total=total)
        if self._may_show and not self._is_shown and time.monotonic() - self._start > QUICK_SECONDS:
            self._is_shown = True
            self._progress.start()

    def __exit__(self, *_: object) -> None:
        if self._is_shown:
            self._progress.stop()
