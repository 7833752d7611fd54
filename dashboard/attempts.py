"""How often someone may try to sign in: per name and over all names, in memory. Nobody's address is needed for it."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True)
class Allowance:
    """So many attempts at once, and then one each `every_ms`."""

    burst: int
    every_ms: int


PER_NAME = Allowance(5, 60_000)
OVERALL = Allowance(30, 2_000)
MOST_NAMES = 5_000


class Attempts:
    """Token buckets, as the instant at which each will be full again. Names that do not exist are treated alike."""

    def __init__(self) -> None:
        self._overall = 0
        self._by_name: OrderedDict[str, int] = OrderedDict()

    def take(self, name: str, now_ms: int) -> int:
        """Take one attempt to sign in as `name`; return 0, or how many seconds it has to wait for one."""
        key = name.casefold()
        full_at = self._by_name.get(key, 0)
        wait_ms = max(_wait(full_at, PER_NAME, now_ms), _wait(self._overall, OVERALL, now_ms))
        if wait_ms > 0:
            return ceil(wait_ms / 1000)
        self._overall = max(self._overall, now_ms) + OVERALL.every_ms
        self._by_name[key] = max(full_at, now_ms) + PER_NAME.every_ms
        self._by_name.move_to_end(key)
        self._forget(now_ms)
        return 0

    def forgive(self, name: str) -> None:
        """Give back what `name` has taken: it was the right password."""
        self._by_name.pop(name.casefold(), None)

    def _forget(self, now_ms: int) -> None:
        """Drop names whose bucket is full, and the oldest if there are still too many."""
        while self._by_name:
            oldest = next(iter(self._by_name))
            if self._by_name[oldest] > now_ms and len(self._by_name) <= MOST_NAMES:
                return
            del self._by_name[oldest]


def _wait(full_at: int, allowance: Allowance, now_ms: int) -> int:
    """How long until there is one attempt."""
    return full_at - now_ms - (allowance.burst - 1) * allowance.every_ms
