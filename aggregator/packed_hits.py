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

from aggregator.cursor import SLACK, Bytes, Cursor, Places
from aggregator.packed_texts import SLICES, NotPlainError, texts_between
from schema.hit import Hit, Record, RejectedHit, decode_records, encode_records

_FIELDS = len(Hit.__struct_fields__)
_PREFIX = bytes([0xDC, *(_FIELDS + 1).to_bytes(2, "big"), 1])  # an array with the tag 1 and all fields
_PAYLOAD_RECORDS = 10_000

_decode_rejected = msgspec.msgpack.Decoder(list[RejectedHit]).decode


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


def unpack(payloads: Sequence[bytes]) -> PackedHits:
    """Return the hits of some payloads of spool frames.

    Raises:
        NotPlainError: they are not what the collector writes.
    """
    content = np.frombuffer(b"".join([*payloads, SLACK]), np.uint8)
    starts, count = _frames(content, payloads)
    begin = _candidates(content)
    cursor = Cursor(content, begin + len(_PREFIX))
    numbers, edges = _fields(cursor)
    chosen = _real(begin, cursor.places, len(content) - len(SLACK))
    begin, end = begin[chosen], cursor.places[chosen]
    rejected = _rejected(content, starts, begin, end, count - len(begin))
    return PackedHits(
        {name: column[chosen] for name, column in numbers.items()}, texts_between(content, edges[chosen]), rejected
    )


def _fields(cursor: Cursor) -> tuple[dict[str, NDArray[np.int64] | NDArray[np.uint64]], Places]:
    """Return the numbers of each hit, and where its texts and groups of texts start and end, in pairs."""
    numbers: dict[str, NDArray[np.int64] | NDArray[np.uint64]] = {}
    edges = np.empty((len(cursor.places), 2 * len(SLICES)), np.int64)

    def text(name: str) -> None:
        start = cursor.places.copy()
        edges[:, 2 * SLICES.index(name)] = start + cursor.skip_text()
        edges[:, 2 * SLICES.index(name) + 1] = cursor.places

    def group(name: str, fields: int) -> None:
        edges[:, 2 * SLICES.index(name)] = cursor.places
        for _ in range(fields):
            cursor.skip_text()
        edges[:, 2 * SLICES.index(name) + 1] = cursor.places

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
    edges[:, 2 * SLICES.index("props")] = cursor.places
    cursor.skip_pairs()
    edges[:, 2 * SLICES.index("props") + 1] = cursor.places
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
    places = np.flatnonzero(content[: -len(SLACK)] == _PREFIX[0])
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
    size = len(content) - len(SLACK)
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
