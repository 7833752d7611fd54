"""The MessagePack of many hits → columns, all hits at once: field by field over arrays, not hit by hit.

What the collector writes is always encoded in one way (schema/hit.py). Whatever is not, is left to the general decoder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from schema.hit import Hit, Record, RejectedHit, decode_records, encode_records

Places = NDArray[np.int64]
Bytes = NDArray[np.uint8]

_FIELDS = len(Hit.__struct_fields__)
_PREFIX = bytes([0xDC, *(_FIELDS + 1).to_bytes(2, "big"), 1])  # an array with the tag 1 and all fields
_SLACK = bytes(16)  # so that what starts near the end can be read without asking
_PAYLOAD_RECORDS = 10_000
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
_decode_rejected = msgspec.msgpack.Decoder(list[RejectedHit]).decode


class NotPlainError(Exception):
    """The payloads are not what the collector writes; perhaps the general decoder can read them."""


@dataclass(frozen=True)
class PackedHits:
    """The hits of some payloads, in order: numbers by field, texts by field or group; rejected hits for themselves."""

    numbers: dict[str, NDArray[np.int64] | NDArray[np.uint64]]
    texts: dict[str, pa.DictionaryArray]  # of texts; of bytes for groups and props: neighbouring fields, as packed
    rejected: list[RejectedHit]

    @property
    def records(self) -> int:
        """How many hits and rejected hits there are."""
        return len(self.numbers["at"]) + len(self.rejected)

    def without(self, leaves_out: Callable[[str, int], bool]) -> PackedHits:
        """Return the same less the records of which `leaves_out` says so, by site and instant."""
        sites = self.texts["site"]
        of_hits = zip(sites.to_pylist(), self.numbers["at"].tolist(), strict=True)
        kept = np.array([not leaves_out(*hit) for hit in of_hits], np.bool_)
        return PackedHits(
            {name: column[kept] for name, column in self.numbers.items()},
            {name: column.filter(pa.array(kept)) for name, column in self.texts.items()},
            [hit for hit in self.rejected if not leaves_out(hit.site, hit.at)],
        )


def pack(records: Sequence[Record]) -> list[bytes]:
    """Return payloads with these records."""
    starts = range(0, max(1, len(records)), _PAYLOAD_RECORDS)
    return [encode_records(list(records[start : start + _PAYLOAD_RECORDS])) for start in starts]


def unpack_known(payloads: Sequence[bytes]) -> tuple[PackedHits, list[int]]:
    """Return the hits of those payloads that hold records of this version, and the places of those that do not."""
    try:
        return unpack(payloads or pack([])), []
    except NotPlainError:
        known, unknown = pack([]), []
        for place, payload in enumerate(payloads):
            try:
                known.append(encode_records(decode_records(payload)))
            except (msgspec.DecodeError, UnicodeDecodeError):
                unknown.append(place)
        return unpack(known), unknown


class _Cursor:
    """The place that every hit is being read at, all in the same field."""

    def __init__(self, content: Bytes, places: Places) -> None:
        self._content = content
        self._words = np.ndarray((len(content) - 7,), ">u8", content, strides=(1,))
        self._last = len(content) - len(_SLACK)
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


def unpack(payloads: Sequence[bytes]) -> PackedHits:
    """Return the hits of some payloads of spool frames.

    Raises:
        NotPlainError: they are not what the collector writes.
    """
    content = np.frombuffer(b"".join([*payloads, _SLACK]), np.uint8)
    starts, count = _frames(content, payloads)
    begin = _candidates(content)
    cursor = _Cursor(content, begin + len(_PREFIX))
    numbers, edges = _fields(cursor)
    chosen = _real(begin, cursor.places, len(content) - len(_SLACK))
    begin, end = begin[chosen], cursor.places[chosen]
    rejected = _rejected(content, starts, begin, end, count - len(begin))
    return PackedHits(
        {name: column[chosen] for name, column in numbers.items()}, _texts(content, edges[chosen]), rejected
    )


_SLICES = ("site", "hostname", "path", "name", "acquisition", "client", "props", "currency")


def _fields(cursor: _Cursor) -> tuple[dict[str, NDArray[np.int64] | NDArray[np.uint64]], Places]:
    """Return the numbers of each hit, and where its texts and groups of texts start and end, in pairs."""
    numbers: dict[str, NDArray[np.int64] | NDArray[np.uint64]] = {}
    edges = np.empty((len(cursor.places), 2 * len(_SLICES)), np.int64)

    def text(name: str) -> None:
        start = cursor.places.copy()
        edges[:, 2 * _SLICES.index(name)] = start + cursor.skip_text()
        edges[:, 2 * _SLICES.index(name) + 1] = cursor.places

    def group(name: str, fields: int) -> None:
        edges[:, 2 * _SLICES.index(name)] = cursor.places
        for _ in range(fields):
            cursor.skip_text()
        edges[:, 2 * _SLICES.index(name) + 1] = cursor.places

    text("site")
    numbers["at"] = cursor.take_integer().view(np.int64)
    numbers["visitor"] = cursor.take_integer()
    numbers["kind"] = cursor.take_byte(1, 3).astype(np.int64)
    text("hostname")
    text("path")
    numbers["event_id"] = cursor.take_integer()
    text("name")
    group("acquisition", 8)
    group("client", 10)
    edges[:, 2 * _SLICES.index("props")] = cursor.places
    cursor.skip_pairs()
    edges[:, 2 * _SLICES.index("props") + 1] = cursor.places
    text("currency")
    numbers["revenue"] = cursor.take_integer().view(np.int64)
    numbers["interactive"] = cursor.take_byte(0xC2, 0xC3).astype(np.int64) - 0xC2
    numbers["engaged_ms"] = cursor.take_integer().view(np.int64)
    numbers["scroll_depth"] = cursor.take_integer().view(np.int64)
    return numbers, edges


def _frames(content: Bytes, payloads: Sequence[bytes]) -> tuple[Places, int]:
    """Return where the records of each payload start, with the end of all, and how many records there are."""
    sizes = np.fromiter(map(len, payloads), np.int64, len(payloads))
    starts = np.cumsum(sizes) - sizes
    first = content[starts].astype(np.int64)
    if ((first < 0x90) | ((first > 0x9F) & (first != 0xDC) & (first != 0xDD))).any():
        raise NotPlainError("a payload is no array")
    word = np.ndarray((len(content) - 3,), ">u4", content, strides=(1,))[starts + 1].astype(np.int64)
    count = np.where(first == 0xDC, word >> 16, np.where(first == 0xDD, word, first & 0x0F))
    head = np.where(first == 0xDC, 3, np.where(first == 0xDD, 5, 1))
    return np.column_stack([starts, starts + head]), int(count.sum())


def _candidates(content: Bytes) -> Places:
    """Return where a hit may begin."""
    places = np.flatnonzero(content[: -len(_SLACK)] == _PREFIX[0])
    for offset, byte in enumerate(_PREFIX[1:], 1):
        places = places[content[places + offset] == byte]
    return places


def _real(begin: Places, end: Places, size: int) -> NDArray[np.bool_]:
    """Return which candidates are hits: those that can be read and do not begin within one before."""
    chosen = end <= size
    if chosen.all() and (begin[1:] >= end[:-1]).all():
        return chosen
    limit = 0
    for place, (first, last) in enumerate(zip(begin.tolist(), end.tolist(), strict=True)):
        chosen[place] &= first >= limit
        limit = last if chosen[place] else limit
    return chosen


def _rejected(content: Bytes, frames: Places, begin: Places, end: Places, count: int) -> list[RejectedHit]:
    """Return what is neither a hit nor the head of a payload, which has to be `count` rejected hits."""
    size = len(content) - len(_SLACK)
    taken = np.concatenate([frames, np.column_stack([begin, end])])
    taken = taken[np.argsort(taken[:, 0], kind="stable")]
    gap_start, gap_end = taken[:, 1], np.append(taken[1:, 0], size)
    if not 0 <= count <= size or (gap_start > gap_end).any():
        raise NotPlainError("records overlap")
    gaps = np.flatnonzero(gap_end > gap_start)
    whole = content.data
    parts = [whole[a:b] for a, b in zip(gap_start[gaps].tolist(), gap_end[gaps].tolist(), strict=True)]
    try:
        return _decode_rejected(b"".join([b"\xdd", count.to_bytes(4, "big"), *parts]))
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise NotPlainError("there is something between the hits") from None


def _texts(content: Bytes, edges: Places) -> dict[str, pa.DictionaryArray]:
    """Return the distinct texts of each kind, and which one each hit has.

    All edges of all hits, in order, are the offsets of one Arrow array: its even values are the texts.
    """
    count, width = edges.shape
    if not count:
        return dict.fromkeys(_SLICES, pa.array([], pa.binary()).dictionary_encode())
    offsets = np.ascontiguousarray(edges, np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(content)]
    pieces = pa.Array.from_buffers(pa.binary(), count * width - 1, buffers)
    rows = np.arange(0, count * width, width)
    found = {name: pieces.take(pa.array(rows + 2 * place)).dictionary_encode() for place, name in enumerate(_SLICES)}
    return {name: _checked(name, texts) for name, texts in found.items()}


def _checked(name: str, found: pa.DictionaryArray) -> pa.DictionaryArray:
    """Return `found` if its texts are UTF-8: what was passed over so far are only their lengths."""
    try:
        if name not in _DECODE:
            return pa.DictionaryArray.from_arrays(found.indices, found.dictionary.cast(pa.string()))
        header, fields, decode = _DECODE[name]
        for piece in _not_ascii(found.dictionary, fields):
            decode(header + piece.as_py())
    except (pa.ArrowInvalid, msgspec.DecodeError, UnicodeDecodeError):
        raise NotPlainError("a text is not UTF-8") from None
    return found


def _not_ascii(pieces: pa.BinaryArray, fields: int) -> pa.BinaryArray:
    """Return those that have other bytes from 128 on than the heads of `fields` texts, which all of them have."""
    _, offsets, content = pieces.buffers()
    edges = np.frombuffer(offsets, np.int32)[: len(pieces) + 1]
    is_high = np.frombuffer(content, np.uint8)[: edges[-1]] >= 0x80
    if np.count_nonzero(is_high) == fields * len(pieces):
        return pieces[:0]
    high = np.append(0, np.cumsum(is_high))[edges]
    return pieces.filter(pa.array(np.diff(high) != fields))


_DECODE = {
    "acquisition": (b"\x98", 8, msgspec.msgpack.Decoder(tuple[str, ...]).decode),
    "client": (b"\x9a", 10, msgspec.msgpack.Decoder(tuple[str, ...]).decode),
    "props": (b"", 1, msgspec.msgpack.Decoder(tuple[tuple[str, str], ...]).decode),
}
