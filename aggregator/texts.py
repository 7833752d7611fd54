"""The distinct texts of a day, each kept once: frames hold their numbers, which group and compare as fast as any."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import TypeVar

import numpy as np
import xxhash
from numpy.typing import NDArray

Numbers = NDArray[np.int32]

UNKNOWN = -1

_Item = TypeVar("_Item", str, bytes)


class Texts:
    """Number ↔ text. The empty text is number 0; other numbers depend on the order of arrival, so none may get out."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._hashes = array("Q")
        self._list: list[str] = []
        self._add("")

    def __len__(self) -> int:
        return len(self._list)

    def numbers(self, texts: Sequence[str]) -> Numbers:
        """Return the number of each text."""
        numbers = known_numbers(self._numbers, texts)
        places = np.flatnonzero(numbers == UNKNOWN).tolist()
        for text in dict.fromkeys([texts[place] for place in places]):
            self._add(text)
        numbers[places] = [self._numbers[texts[place]] for place in places]
        return numbers

    def text(self, number: int) -> str:
        """Return the text with this number."""
        return self._list[number]

    def hashes(self, numbers: Numbers) -> NDArray[np.uint64]:
        """Return a 64-bit hash of each numbered text, which depends on the text alone."""
        return np.frombuffer(self._hashes, np.uint64)[numbers]

    def alphabet(self, numbers: Numbers) -> tuple[list[str], Numbers]:
        """Return the texts that occur in `numbers`, sorted, and a lookup from number to position among them."""
        used = np.flatnonzero(is_used(numbers, len(self))).tolist()
        used.sort(key=self._list.__getitem__)
        positions = np.zeros(len(self), np.int32)
        positions[used] = np.arange(len(used), dtype=np.int32)
        return [self._list[number] for number in used], positions

    def keep(self, used: NDArray[np.bool_]) -> Numbers:
        """Forget the texts that are not `used`, by number; return a lookup from old to new number."""
        used[0] = True
        kept = np.flatnonzero(used)
        self._list = [self._list[number] for number in kept.tolist()]
        self._numbers = {text: number for number, text in enumerate(self._list)}
        self._hashes = array("Q", np.frombuffer(self._hashes, np.uint64)[kept].tobytes())
        return renumbered(used)

    def _add(self, text: str) -> None:
        self._numbers[text] = len(self._list)
        self._list.append(text)
        self._hashes.append(xxhash.xxh3_64_intdigest(text.encode()))


def known_numbers(known: Mapping[_Item, int], items: Sequence[_Item]) -> Numbers:
    """Return the number of each of `items`, UNKNOWN of those that are not in `known`: one look for each."""
    return np.fromiter(map(known.get, items, repeat(UNKNOWN)), np.int32, len(items))


def is_used(numbers: Numbers, count: int) -> NDArray[np.bool_]:
    """Return for each number below `count` whether it occurs in `numbers`."""
    used = np.zeros(count, np.bool_)
    used[numbers] = True
    return used


def renumbered(used: NDArray[np.bool_]) -> Numbers:
    """Return for each number that is `used` how many used ones are before it."""
    return (np.cumsum(used) - 1).astype(np.int32)
