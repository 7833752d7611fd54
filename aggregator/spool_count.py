"""What the spool holds, and what its workers say that they acknowledged: two sides of the ledger.

It reads frames on its own and changes nothing: that a record came past the roll-up is not known here.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import msgspec

from aggregator.day_directories import days_in
from aggregator.removal import IsForgotten
from schema.errors import SegmentDamagedError
from schema.hit import Kind
from schema.spool_format import OPEN, SEALED, day_directory, decode_header, scan_frames
from schema.tally_format import QUARTER_MS, TALLY, Entry, Place, Tallied, decode_tally

_KINDS = {kind.value: kind.name.lower() for kind in Kind}


class _HitHead(msgspec.Struct, array_like=True, tag=1, gc=False):
    """The first fields of a hit: what comes behind them is skipped."""

    site: str
    at: int
    visitor: int
    kind: int


class _Rejected(msgspec.Struct, array_like=True, tag=2, gc=False):
    site: str
    at: int
    reason: str


_decoder = msgspec.msgpack.Decoder(list[_HitHead | _Rejected])


@dataclass(frozen=True)
class SegmentCount:
    """The records of one segment by place."""

    tallied: Tallied
    is_sealed: bool


@dataclass
class DayCount:
    """A UTC day in the spool: its segments by name without suffix, and its workers' entries."""

    segments: dict[str, SegmentCount] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    missing_entries: int = 0


class SpoolCount:
    """Counts the spool again and again; what is sealed is read once."""

    def __init__(self, spool_dir: Path, is_forgotten: IsForgotten | None = None) -> None:
        """Leave out records of sites that were forgotten: the store has none of them either."""
        self._spool_dir = spool_dir
        self._is_forgotten = is_forgotten or _nothing_is
        self._sealed: dict[date, dict[str, SegmentCount]] = {}
        self._bytes_left = 0.0
        self.has_seen_all = True  # as of the last look

    def days(self) -> list[date]:
        """Return the UTC days that have a directory, oldest first."""
        return days_in(self._spool_dir)

    def look(self, days: Sequence[date], most_bytes: float = math.inf) -> Mapping[date, DayCount]:
        """Return what is there now of `days`. Segments are renamed meanwhile: one may be missed.

        After `most_bytes` of segments that are new, it stops reading, and has not seen all.
        """
        self._bytes_left, self.has_seen_all = most_bytes, True
        found = {day: self._look(day) for day in days}
        self._sealed = {day: known for day, known in self._sealed.items() if (self._spool_dir / str(day)).exists()}
        return found

    def _look(self, day: date) -> DayCount:
        directory, count = self._spool_dir / day_directory(day), DayCount()
        known, sealed = self._sealed.get(day, {}), {}
        # Tallies first: what they say is on disk by then.
        for path in sorted(directory.glob(f"*{TALLY}")):
            tally = decode_tally(path.read_bytes())
            count.entries |= {entry.segment: self._remembered(entry) for entry in tally.entries}
            count.missing_entries += tally.missing
        for name in sorted(os.listdir(directory) if directory.is_dir() else []):
            stem, suffix = os.path.splitext(name)
            if suffix in (OPEN, SEALED) and (segment := known.get(stem) or self._count(directory / name)):
                count.segments[stem] = segment
                if segment.is_sealed:
                    sealed[stem] = segment
        self._sealed[day] = sealed
        return count

    def _remembered(self, entry: Entry) -> Entry:
        """Return `entry` without sites that were forgotten in, or after, the quarter of an hour that is counted."""
        counts = tuple(count for count in entry.counts if not self._is_forgotten(count[0], count[1] * QUARTER_MS))
        return msgspec.structs.replace(entry, counts=counts) if len(counts) < len(entry.counts) else entry

    def _count(self, path: Path) -> SegmentCount | None:
        """Return the records of a segment; None if there are none to be read, or enough were read already."""
        if self._bytes_left <= 0:
            self.has_seen_all = False
            return None
        try:
            content = path.read_bytes()
            self._bytes_left -= len(content)
            return SegmentCount(_records_of(content, self._is_forgotten), path.suffix == SEALED)
        except (FileNotFoundError, SegmentDamagedError):  # renamed a moment ago; or nothing in it can be trusted
            return None


def total_of(days: Mapping[date, DayCount]) -> Tallied:
    """Return the records of all segments by place."""
    total: Tallied = Counter()
    for count in days.values():
        for segment in count.segments.values():
            total.update(segment.tallied)
    return total


def _nothing_is(site: str, at_ms: int) -> bool:
    return False


def _records_of(content: bytes, is_forgotten: IsForgotten) -> Tallied:
    """Return the records of a segment by place.

    Raises:
        SegmentDamagedError: it has no header.
    """
    tallied: Tallied = Counter()
    for payload in scan_frames(content, decode_header(content).segment_id).payloads:
        records = _decode(payload)
        tallied.update(_place_of(record) for record in records if not is_forgotten(record.site, record.at))
    return tallied


def _decode(payload: bytes) -> list[_HitHead | _Rejected]:
    try:
        return _decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return []


def _place_of(record: _HitHead | _Rejected) -> Place:
    what = _KINDS.get(record.kind, "") if isinstance(record, _HitHead) else record.reason
    return record.site, record.at // QUARTER_MS, what
