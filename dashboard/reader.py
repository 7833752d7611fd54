"""Reads the counts at one instant, and again when a live slot was filled anew meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from dashboard.counts import Counts
from dashboard.visibility import is_overtaken
from schema.errors import StoreUnavailableError
from schema.live import newest_snapshots
from schema.store import Store

_STRICT_TRIES = 3  # then a snapshot may follow the one that was read; see is_overtaken
_TRIES = 6

Found = TypeVar("Found")


@dataclass(frozen=True)
class Reader:
    """The way to the counts in `store`. A read takes as long as the store does."""

    store: Store

    def read(self, find: Callable[[Counts], Found]) -> Found:
        """Return what `find` finds; all that it asks is of one instant, and whole. It may be called several times.

        Raises:
            StoreUnavailableError: the store does not answer now.
        """
        used = newest_snapshots(self.store)
        for attempt in range(_TRIES):
            found = find(Counts(self.store, used))
            newest = newest_snapshots(self.store)
            if not is_overtaken(used, newest, spare=int(attempt >= _STRICT_TRIES)):
                return found
            used = newest
        raise StoreUnavailableError("the live counts change faster than they can be read")
