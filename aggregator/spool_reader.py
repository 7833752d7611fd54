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

from aggregator.day_directories import days_in
from aggregator.quarantine import Quarantine
from aggregator.reading import Look, Progress, Reading, decoded, together
from schema.durable_files import fsync_directory
from schema.errors import SegmentDamagedError
from schema.spool_format import (
    HEADER_BYTES,
    OPEN,
    SEALED,
    check_place,
    day_directory,
    decode_header,
    scan_frames,
)

_DECODED_TOGETHER_BYTES = 4_000_000


@dataclass
class _DayProgress:
    """How far a day's segments were read, by name without suffix."""

    begun: dict[str, Progress] = field(default_factory=lambda: defaultdict(Progress))
    done: set[str] = field(default_factory=set)  # sealed, and read to the end; or set aside
    done_files: set[str] = field(default_factory=set)  # the same with suffix, to take from a listing at once

    def finish(self, name: str) -> Progress:
        """Note that a sealed segment is read; return how far it was before."""
        self.done.add(_stem(name))
        self.done_files.add(name)
        return self.begun.pop(_stem(name), Progress())


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
        """Yield what has become readable since the last time, some segments at a time, in order of their creation."""
        set_aside: list[SegmentDamagedError] = []
        for looks in together(self._looks(day, set_aside), _DECODED_TOGETHER_BYTES):
            payloads, hits = decoded(looks)
            yield Reading(payloads, [self._keep_copy(day, look) for look in looks if look.is_damaged], hits)
        if set_aside:
            yield Reading(problems=set_aside)

    def unfinished(self, day: date) -> set[str]:
        """Return the names of the segments there now that are not sealed, or not read to the end.

        A listing may miss a file that is being renamed (seen on ext4 in large directories), so what was seen before
        counts as well, and a second listing.
        """
        seen = {*self._progress[day].begun, *(_stem(name) for _ in range(2) for name in self._unfinished(day))}
        return self.still_unfinished(day, seen)

    def still_unfinished(self, day: date, names: set[str]) -> set[str]:
        """Return those of `names` that are there and not sealed, or not read to the end."""
        directory = str(self._spool_dir / day_directory(day))
        return {name for name in names - self._progress[day].done if _is_there(f"{directory}/{name}")}

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

    def _unfinished(self, day: date) -> list[str]:
        """Return the files to read on, by name. A busy day ends with tens of thousands of others: no stats."""
        directory = self._spool_dir / day_directory(day)
        progress = self._progress[day]
        names = os.listdir(directory) if directory.is_dir() else []
        fresh = [name for name in names if name not in progress.done_files]
        return sorted(name for name in fresh if _is_segment(name) and _stem(name) not in progress.done)

    def _looks(self, day: date, set_aside: list[SegmentDamagedError]) -> Iterator[Look]:
        """Yield what is new in each segment that has anything; one that is none at all is `set_aside`."""
        directory = self._spool_dir / day_directory(day)
        for name in self._unfinished(day):
            try:
                if name.endswith(SEALED):
                    yield self._look_at_sealed(day, f"{directory}/{name}")
                elif look := self._look_at_open(day, f"{directory}/{name}"):
                    yield look
            except FileNotFoundError:  # renamed by its worker a moment ago: the next look finds it
                continue
            except SegmentDamagedError as error:
                path = directory / name
                size = path.stat().st_size
                self._quarantine.take(day, path)
                set_aside.append(SegmentDamagedError(f"{error}; {day}/{path.name}, {size} bytes, was set aside whole"))

    def _look_at_open(self, day: date, path: str) -> Look | None:
        """Read the frames that are there; wait for the seal where there is a gap, since a write may be under way."""
        stem = _stem(os.path.basename(path))
        progress = self._progress[day].begun[stem]
        with open(path, "rb") as segment:
            if progress.header is None:
                head = segment.read(HEADER_BYTES)
                with contextlib.suppress(SegmentDamagedError):  # said once the worker lets go of it
                    header = decode_header(head)
                    check_place(header, day, stem)
                    progress.header = header
            segment.seek(progress.offset)
            fresh = segment.read()
        if progress.header is None or not fresh:
            return None
        scan = scan_frames(fresh, progress.header.segment_id, start=0, sequence=progress.sequence)
        if scan.damaged_bytes or scan.missing_frames:
            return None
        progress.offset += scan.end
        progress.sequence = scan.next_sequence
        return Look(path, progress, scan)

    def _look_at_sealed(self, day: date, path: str) -> Look:
        with open(path, "rb", buffering=0) as segment:
            content = segment.read()
        name = os.path.basename(path)
        progress = self._progress[day].finish(name)
        header = decode_header(content)
        check_place(header, day, _stem(name))
        scan = scan_frames(content, header.segment_id, start=progress.offset, sequence=progress.sequence)
        return Look(path, progress, scan, content)

    def _keep_copy(self, day: date, look: Look) -> SegmentDamagedError:
        self._quarantine.keep_copy(day, Path(look.path), look.sealed)
        return look.describe_damage()


def _is_there(segment: str) -> bool:
    """Whether the segment is there: asked in the order of its life, so that a rename meanwhile cannot hide it."""
    return any(os.path.exists(segment + suffix) for suffix in (OPEN, SEALED))


def _is_segment(name: str) -> bool:
    return name.endswith((OPEN, SEALED))


def _stem(name: str) -> str:
    return name.rpartition(".")[0]
