"""The bytes of a tally: what a worker acknowledged, segment by segment. SPOOL_FORMAT.md says the same in prose."""

from __future__ import annotations

import zlib
from collections import Counter
from dataclasses import dataclass, field

import msgspec

TALLY = ".tally"
QUARTER_MS = 900_000  # the grid on which the hours of all time zones start

Place = tuple[str, int, str]  # site, quarter of an hour since the epoch, kind of hit or reason of rejection
Tallied = Counter[Place]


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """What was acknowledged of one segment; `is_complete` once its worker has sealed it."""

    number: int  # counts from 0 within the file
    segment: str  # its name without suffix
    is_complete: int  # 0 or 1: of one length, since the last entry of a file is written over
    counts: tuple[tuple[str, int, str, int], ...]

    @property
    def tallied(self) -> Tallied:
        """The counts by place."""
        return Counter({(site, quarter, what): count for site, quarter, what, count in self.counts})


@dataclass
class Tally:
    """What a tally file says."""

    entries: list[Entry] = field(default_factory=list)
    missing: int = 0  # entries that are not there, though later ones are


_entry = msgspec.json.Decoder(Entry)


def encode_entry(number: int, segment: str, is_complete: bool, tallied: Tallied) -> bytes:
    """Return one line: checksum, entry. With more counts it is never shorter."""
    counts = tuple((*place, count) for place, count in tallied.items())
    packed = msgspec.json.encode(Entry(number, segment, int(is_complete), counts))
    return b"%08x %b\n" % (zlib.crc32(packed), packed)


def decode_tally(content: bytes) -> Tally:
    """Return the entries whose checksum holds. A last one that is not whole was being written, and is no damage."""
    tally, next_number = Tally(), 0
    for line in content.splitlines():
        checksum, _, packed = line.partition(b" ")
        if checksum != b"%08x" % zlib.crc32(packed):
            continue
        entry = _entry.decode(packed)
        tally.missing += entry.number - next_number
        next_number = entry.number + 1
        tally.entries.append(entry)
    return tally
