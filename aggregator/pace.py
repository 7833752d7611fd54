"""When something is due again: after an interval, later if it takes long, later still while it fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 60.0


class Interval:
    """At most every `seconds`, and at most a tenth of the time. `clock` gives seconds that only go forward."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._due = clock()

    @property
    def is_due(self) -> bool:
        """Whether it is time."""
        return self._clock() >= self._due

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Do it now; what fails has taken its time as well."""
        start = self._clock()
        try:
            yield
        finally:
            end = self._clock()
            self._due = start + max(self._seconds, 10 * (end - start))


class Backoff:
    """Twice as long a pause after each failure, up to a minute."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._pause = FIRST_PAUSE_SECONDS
        self._until = clock()

    @property
    def is_over(self) -> bool:
        """Whether to try again."""
        return self._clock() >= self._until

    def fail(self) -> None:
        """Note a failure."""
        self._until = self._clock() + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)

    def succeed(self) -> None:
        """Note a success."""
        self._pause = FIRST_PAUSE_SECONDS
