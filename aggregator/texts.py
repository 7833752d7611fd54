"""The distinct texts of a day, each kept once: frames hold their numbers, which group and compare as fast as any."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np
import xxhash
from numpy.typing import NDArray

Numbers = NDArray[np.int32]


class Texts:
    """Number ↔ text. The empty text is number 0; other numbers depend on the order of arrival, so none may get out."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._texts: list[str] = []
        self._hashes = array("Q")
        self._add("")

    def numbers(self, texts: Sequence[str]) -> Numbers:
        """Return the number of each text."""
        for text in set(texts) - self._numbers.keys():
            self._add(text)
        return np.fromiter(map(self._numbers.__getitem__, texts), np.int32, len(texts))

    def text(self, number: int) -> str:
        """Return the text with this number."""
        return self._texts[number]

    def hashes(self, numbers: Numbers) -> NDArray[np.uint64]:
        """Return a 64-bit hash of each numbered text, which depends on the text alone."""
        return np.frombuffer(self._hashes, np.uint64)[numbers]

    def alphabet(self, numbers: Numbers) -> tuple[list[str], Numbers]:
        """Return the texts that occur in `numbers`, sorted, and a lookup from number to position among them."""
        used = np.flatnonzero(np.bincount(numbers.ravel(), minlength=len(self._texts))).tolist()
        used.sort(key=self._texts.__getitem__)
        positions = np.zeros(len(self._texts), np.int32)
        positions[used] = np.arange(len(used), dtype=np.int32)
        return [self._texts[number] for number in used], positions

    def _add(self, text: str) -> None:
        self._numbers[text] = len(self._texts)
        self._texts.append(text)
        self._hashes.append(xxhash.xxh3_64_intdigest(text.encode()))
