"""MessagePack read at many places at once: one field of every hit, whatever its length, in a few array operations."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]
Bytes = NDArray[np.uint8]

SLACK = bytes(16)  # to follow the content, so that what starts near its end can be read without asking
_BAD = 1 << 40  # moves a hit that is not as expected beyond everything

# By first byte: how long a text is in all; how long an integer is, and how far its eight bytes have to be shifted.
_TEXT_BYTES = np.full(256, _BAD, np.int64)
_TEXT_BYTES[0xA0:0xC0] = np.arange(1, 33)
_INTEGER_BYTES = np.full(256, _BAD, np.int64)
_INTEGER_BYTES[:0x80] = _INTEGER_BYTES[0xE0:] = 1
_SHIFT = np.zeros(256, np.uint64)
for _power in range(4):
    for _first in (0xCC + _power, 0xD0 + _power):
        _INTEGER_BYTES[_first] = 1 + (1 << _power)
        _SHIFT[_first] = 64 - (8 << _power)


class Cursor:
    """The place that every hit is being read at, all in the same field."""

    def __init__(self, content: Bytes, places: Places) -> None:
        self._content = content
        self._words = np.ndarray((len(content) - 7,), ">u8", content, strides=(1,))
        self._last = len(content) - len(SLACK)
        self.places = places

    def skip_text(self, chosen: Places | slice = slice(None)) -> NDArray[np.int64]:
        """Pass a text; return how long its head is."""
        places = np.minimum(self.places[chosen], self._last)
        first = self._content[places]
        size = _TEXT_BYTES[first]
        head = np.ones(len(places), np.int64)
        if (long := np.flatnonzero(size == _BAD)).size:
            size[long], head[long] = self._long(places[long], first[long])
        self.places[chosen] += size
        return head

    def _long(self, places: Places, first: Bytes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the whole size and the size of the head of texts of 32 bytes and more."""
        one, two = self._content[places + 1].astype(np.int64), self._content[places + 2].astype(np.int64)
        length = np.where(first == 0xD9, one, one << 8 | two)
        head = np.where(first == 0xD9, 2, 3)
        is_plain = ((first == 0xD9) & (length >= 32)) | ((first == 0xDA) & (length >= 256))
        return np.where(is_plain, length + head, _BAD), head

    def take_integer(self) -> NDArray[np.uint64]:
        """Pass an integer; return its 64 bits."""
        places = np.minimum(self.places, self._last)
        first = self._content[places]
        words = self._words[places + 1].astype(np.uint64)
        values = words >> _SHIFT[first]
        is_signed = (first >= 0xD0) & (first <= 0xD3)
        if is_signed.any():
            signed = words[is_signed].view(np.int64) >> _SHIFT[first[is_signed]].astype(np.int64)
            values[is_signed] = signed.view(np.uint64)
        values = np.where(first < 0x80, first, values)
        values = np.where(first >= 0xE0, first.view(np.int8).astype(np.int64).view(np.uint64), values)
        self.places += _INTEGER_BYTES[first]
        return values

    def take_byte(self, low: int, high: int) -> Bytes:
        """Pass a byte that is between `low` and `high`; return it."""
        first: Bytes = self._content[np.minimum(self.places, self._last)]
        self.places += np.where((first >= low) & (first <= high), 1, _BAD)
        return first

    def skip_pairs(self) -> None:
        """Pass an array of at most 15 pairs of texts."""
        count = self.take_byte(0x90, 0x9F) & 0x0F
        left = np.flatnonzero(count)
        for number in range(int(count.max(initial=0))):
            left = left[count[left] > number]
            head = self._content[np.minimum(self.places[left], self._last)]
            self.places[left] += np.where(head == 0x92, 1, _BAD)
            self.skip_text(left)
            self.skip_text(left)
