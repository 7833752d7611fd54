"""The spool as the aggregator reads it: each record once, as soon as its frame is whole, and what could not be read."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import msgspec

from aggregator.day_directories import days_in
from aggregator.quarantine import Quarantine
from schema.durable_files import fsync_directory
from schema.errors import SegmentDamagedError
from schema.hit import Record, decode_records
from schema.spool_format import (
    HEADER_BYTES,
    OPEN,
    SEALED,
    Scan,
    SegmentHeader,
    check_place,
    day_directory,
    decode_header,
    is_sealed,
    scan_frames,
)


@dataclass
class Reading:
    """What one look at one segment gave."""

    records: list[Record] = field(default_factory=list)
    problems: list[SegmentDamagedError] = field(default_factory=list)


@dataclass
class _Progress:
    """How far a segment was read."""

    header: SegmentHeader | None = None
    offset: int = HEADER_BYTES
    sequence: int = 0
    undecodable: int = 0  # frames that are whole, and hold no records of this version


@dataclass
class _DayProgress:
    """How far a day's segments were read, by name without suffix."""

    begun: dict[str, _Progress] = field(default_factory=lambda: defaultdict(_Progress))
    done: set[str] = field(default_factory=set)  # sealed, and read to the end; or set aside


class SpoolReader:
    """Remembers how far it has read every segment; offsets only move forward."""

    def __init__(self, spool_dir: Path) -> None:
        self._spool_dir = spool_dir
        self._quarantine = Quarantine(spool_dir)
        self._progress: dict[date, _DayProgress] = defaultdict(_DayProgress)

    def days(self) -> list[date]:
        """Return the UTC days that have a directory, oldest first."""
        return days_in(self._spool_dir)

    def read(self, day: date) -> Iterator[Reading]:
        """Yield what has become readable since the last time, by segment in order of their creation."""
        for path in self._unfinished(day):
            try:
                reading = self._read_sealed(day, path) if path.suffix == SEALED else self._read_open(day, path)
            except FileNotFoundError:  # renamed by its worker a moment ago: the next look finds it
                continue
            yield reading

    def unfinished(self, day: date) -> set[str]:
        """Return the names of the segments there now that are not sealed, or not read to the end.

        A listing may miss a file that is being renamed (seen on ext4 in large directories), so what was seen before
        counts as well, and a second listing.
        """
        seen = {*self._progress[day].begun, *(path.stem for _ in range(2) for path in self._unfinished(day))}
        return self.still_unfinished(day, seen)

    def still_unfinished(self, day: date, names: set[str]) -> set[str]:
        """Return those of `names` that are there and not sealed, or not read to the end."""
        directory = self._spool_dir / day_directory(day)
        return {name for name in names - self._progress[day].done if _is_there(directory / name)}

    def forget(self, day: date) -> None:
        """Forget how far the day was read."""
        self._progress.pop(day, None)

    def remove_day(self, day: date) -> None:
        """Delete the day's segments, durably, damaged ones in quarantine included."""
        directory = self._spool_dir / day_directory(day)
        if directory.exists():
            shutil.rmtree(directory)
            fsync_directory(self._spool_dir)
        self._quarantine.remove_day(day)
        self.forget(day)

    def _unfinished(self, day: date) -> list[Path]:
        """Return the segments to read on. A busy day ends with tens of thousands of others: names, not stats."""
        directory = self._spool_dir / day_directory(day)
        done = self._progress[day].done
        names = os.listdir(directory) if directory.is_dir() else []
        return [directory / name for name in sorted(names) if _is_segment(name) and _stem(name) not in done]

    def _read_open(self, day: date, path: Path) -> Reading:
        """Read the frames that are there; wait for the seal where there is a gap, since a write may be under way."""
        progress = self._progress[day].begun[path.stem]
        with path.open("rb") as segment:
            if progress.header is None:
                head = segment.read(HEADER_BYTES)
                with contextlib.suppress(SegmentDamagedError):  # said once the worker lets go of it
                    header = decode_header(head)
                    check_place(header, day, path.stem)
                    progress.header = header
            segment.seek(progress.offset)
            fresh = segment.read()
        if progress.header is None or not fresh:
            return Reading()
        scan = scan_frames(fresh, progress.header.segment_id, start=0, sequence=progress.sequence)
        if scan.damaged_bytes or scan.missing_frames:
            return Reading()
        scan.end += progress.offset
        return Reading(_take(scan, progress))

    def _read_sealed(self, day: date, path: Path) -> Reading:
        content = path.read_bytes()
        progress = self._progress[day].begun.pop(path.stem, _Progress())
        self._progress[day].done.add(path.stem)
        try:
            header = decode_header(content)
            check_place(header, day, path.stem)
        except SegmentDamagedError as error:
            self._quarantine.take(day, path)
            return Reading(
                problems=[SegmentDamagedError(f"{error}; {day}/{path.name}, {len(content)} bytes, was set aside whole")]
            )
        scan = scan_frames(content, header.segment_id, start=progress.offset, sequence=progress.sequence)
        records = _take(scan, progress)
        if is_sealed(content) and not (scan.damaged_bytes or scan.missing_frames or progress.undecodable):
            return Reading(records)
        self._quarantine.keep_copy(day, path, content)
        return Reading(records, [_describe_damage(f"{day}/{path.name}", scan, progress)])


def _take(scan: Scan, progress: _Progress) -> list[Record]:
    """Return the records of what was scanned, and move on."""
    progress.offset, progress.sequence = scan.end, scan.next_sequence
    records: list[Record] = []
    for payload in scan.payloads:
        try:
            records += decode_records(payload)
        except (msgspec.DecodeError, UnicodeDecodeError):
            progress.undecodable += 1
    return records


def _describe_damage(name: str, scan: Scan, progress: _Progress) -> SegmentDamagedError:
    return SegmentDamagedError(
        f"segment {name} is damaged: {scan.damaged_bytes + scan.torn_bytes} bytes cannot be read, at least"
        f" {scan.missing_frames} frames are missing, {progress.undecodable} hold nothing that this version knows;"
        " the rest counts, a copy is in quarantine"
    )


def _is_there(segment: Path) -> bool:
    """Whether the segment is there: asked in the order of its life, so that a rename meanwhile cannot hide it."""
    return any(segment.with_suffix(suffix).exists() for suffix in (OPEN, SEALED))


def _is_segment(name: str) -> bool:
    return name.endswith((OPEN, SEALED))


def _stem(name: str) -> str:
    return name.rpartition(".")[0]
