"""What happened before on this day: the memory that lets a visitor or an event id count only once."""

from __future__ import annotations

import numpy as np
import xxhash
from numpy.typing import NDArray

Keys = NDArray[np.uint64]

# Multipliers of the SplitMix64 finaliser: after it, every bit of the input has a say in every bit of the output.
_MIX = ((np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)), (np.uint64(27), np.uint64(0x94D049BB133111EB)))
_LAST_SHIFT = np.uint64(31)
_STEP = np.uint64(0x9E3779B97F4A7C15)

_RATIO = 8  # of a run to the next: every run is searched for every key, so few of them are worth some more merging


def keys_of(kind: str, *columns: NDArray[np.uint64]) -> Keys:
    """Return a 64-bit hash of each row of `columns`; `kind` keeps keys of different meaning apart.

    The same in every process, so that batches do not depend on who computes them.
    """
    keys = np.full(len(columns[0]), xxhash.xxh3_64_intdigest(kind.encode()), np.uint64)
    for column in columns:
        keys = _mixed((keys ^ column) + _STEP)
    return keys


class Firsts:
    """A set of 64-bit keys, 8 bytes each: sorted runs, merged so that there are only a few."""

    def __init__(self) -> None:
        self._runs: list[Keys] = []

    @property
    def bytes(self) -> int:
        """How much memory it takes."""
        return sum(run.nbytes for run in self._runs)

    def peek(self, keys: Keys) -> NDArray[np.bool_]:
        """Return for each of `keys` whether it is its first occurrence, here and in the set; change nothing."""
        order = np.argsort(keys, kind="stable")
        in_order = keys[order]  # so that the search goes through each run once, from its start to its end
        first = np.ones(len(keys), np.bool_)
        first[order[1:]] = in_order[1:] != in_order[:-1]
        for run in self._runs:
            places = np.minimum(np.searchsorted(run, in_order), len(run) - 1)
            first[order[run[places] == in_order]] = False
        return first

    def take(self, keys: Keys) -> NDArray[np.bool_]:
        """Do the same, then add `keys` to the set."""
        first = self.peek(keys)
        if first.any():
            self._add(np.sort(keys[first]))
        return first

    def _add(self, run: Keys) -> None:
        while self._runs and len(self._runs[-1]) <= _RATIO * len(run):
            run = np.sort(np.concatenate([self._runs.pop(), run]), kind="stable")
        self._runs.append(run)


def _mixed(keys: Keys) -> Keys:
    for shift, multiplier in _MIX:
        keys = (keys ^ (keys >> shift)) * multiplier
    return keys ^ (keys >> _LAST_SHIFT)
