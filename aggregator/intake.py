"""Spool → archive: reads what workers write, cuts windows when nothing older can follow, archives what they close."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from aggregator.allocator import release_free_memory
from aggregator.archive import Archive
from aggregator.chunks import cut_chunks
from aggregator.day import Day
from aggregator.dead_segments import recover_dead
from aggregator.local_time import LocalTime
from aggregator.manifest import Figures, Manifest, figures_of
from aggregator.packed_hits import PackedHits
from aggregator.removal import Removal, forgotten_records
from aggregator.rollup import Tables, merge
from aggregator.spool_reader import SpoolReader
from schema.batch import WINDOW_MS, Window, day_start_ms
from schema.durable_files import settle_directory
from schema.errors import BatchMismatchError, SegmentDamagedError, SetAsideError
from schema.fence import raise_fence
from schema.rollups import BY_NAME

GRACE_MS = 2000  # clocks of workers and aggregator are one clock; this is for a request that is under way
_RELEASE_MS = 60 * 60 * 1000  # the next window needs most of what one has freed, and to get it back takes time

log = logging.getLogger("footfall.aggregator")


@dataclass
class Taken:
    """What one look at the spool gave."""

    records: int = 0
    archived: list[Manifest] = field(default_factory=list)
    problems: list[SetAsideError] = field(default_factory=list)


@dataclass
class _OpenDay:
    day: Day
    recorded: dict[Window, Figures]  # what the archive had when the day was opened: a restart cuts it again
    moved: int = 0  # as reported so far


class Intake:
    """The spool's days that are not closed. One at a time may read a spool, and write a node's archive."""

    def __init__(
        self, spool_dir: Path, archive: Archive, local_time: LocalTime, removals: Iterable[Removal] = ()
    ) -> None:
        self.over: set[date] = set()  # wholly cut and archived, segments still there
        self._spool_dir = spool_dir
        self._archive = archive
        self._local_time = local_time
        self._reader = SpoolReader(spool_dir)
        self._is_forgotten = forgotten_records(removals)
        self._days: dict[date, _OpenDay] = {}
        self._fence_ms = 0
        self._awaited: dict[date, set[str]] = {}  # by day: the segments that may hold hits from before the fence
        self._through: Window | None = None

    @property
    def through(self) -> Window | None:
        """The last window of which every batch is archived and `live` has nothing; None until that is known."""
        return self._through

    @property
    def open_since_ms(self) -> int:
        """An instant before which nothing that is not yet archived can have been received."""
        assert self._through is not None
        return min([self._through.end_ms, *(day_start_ms(day) for day in self._days)])

    def raise_fence(self, now_ms: int) -> None:
        """When a window has ended: let no new hit be older than that, and note what may already hold some."""
        end_ms = (now_ms - GRACE_MS) // WINDOW_MS * WINDOW_MS
        if end_ms > self._fence_ms:
            settle_directory(self._spool_dir)
            self._fence_ms = raise_fence(self._spool_dir, end_ms)
            self._awaited = {day: self._reader.unfinished(day) for day in self._reader.days()}

    def recover(self, now_ms: int) -> list[SegmentDamagedError]:
        """Seal the segments waited for whose worker is gone; return what could not be."""
        days = [day for day, names in self._awaited.items() if names]
        recovered = [recover_dead(self._spool_dir, day, now_ms) for day in days]
        if torn_bytes := sum(recovery.torn_bytes for recovery in recovered):
            log.warning("%d bytes of commits that were never finished were cut from segments", torn_bytes)
        return [problem for recovery in recovered for problem in recovery.problems]

    def take(self) -> Taken:
        """Read what is new, day by day; archive what the windows before the fence close."""
        taken = Taken()
        days = [day for day in self._reader.days() if not self._is_over(day)]
        for day in days:
            self._absorb(day, taken)
        # All days or none: what is cut leaves `live`, and counts as archived only when `through` says so.
        incomplete = [day for day in days if self._awaits(day)]
        if self._fence_ms and not incomplete:
            for day in days:
                self._cut(day, taken)
            through = Window.of(self._fence_ms - 1)
            if self._through is None or through.start_ms // _RELEASE_MS > self._through.start_ms // _RELEASE_MS:
                release_free_memory()
            self._through = through
        return taken

    def live(self) -> Tables:
        """Return the counts of what is read and not archived, as if every open visit closed now."""
        return merge([opened.day.live() for opened in self._days.values()])

    def start_over(self, day: date) -> None:
        """Read a day that is still in the spool from its beginning: the archive has lost a batch of it."""
        if day in self._days or day in self.over:
            self._reader.forget(day)
            self._days.pop(day, None)
            self.over.discard(day)
            self._awaited[day] = self._reader.unfinished(day)
            self._through = None

    def close(self, day: date) -> None:
        """Delete the segments of a day that is over."""
        self._reader.remove_day(day)
        self.over.discard(day)
        self._awaited.pop(day, None)

    def _awaits(self, day: date) -> bool:
        """Whether a segment that was there when the fence was raised is not sealed, or not read to the end."""
        self._awaited[day] = self._reader.still_unfinished(day, self._awaited.get(day, set()))
        return bool(self._awaited[day])

    def _is_over(self, day: date) -> bool:
        """Whether all of the day is archived: perhaps before a restart, which came before its segments were deleted."""
        if day not in self._days and self._archive.is_compacted(day):
            self.over.add(day)
        return day in self.over

    def _absorb(self, day: date, taken: Taken) -> None:
        if day not in self._days:
            manifests, problems = self._archive.manifests(day)
            taken.problems += problems
            self._days[day] = _OpenDay(Day(day, self._local_time), figures_of(manifests, self._archive.node))
        opened = self._days[day]
        for reading in self._reader.read(day):
            opened.day.absorb_packed(self._without_forgotten(reading.hits))
            taken.records += reading.hits.records
            taken.problems += reading.problems

    def _without_forgotten(self, hits: PackedHits) -> PackedHits:
        """Leave out what a forgotten site has left in the spool: it is gone from the archive, and would come back."""
        return hits if self._is_forgotten is None else hits.without(self._is_forgotten)

    def _cut(self, day: date, taken: Taken) -> None:
        opened = self._days[day]
        last = Window.of(min(self._fence_ms, opened.day.end_ms) - 1)
        if last >= opened.day.next_window:
            for window, tables in opened.day.cut_in_turn(last):
                self._archive_window(opened, window, tables, taken)
            gone = [window for window in opened.recorded if window <= last]
            taken.problems += [_differs(window) for window in gone if opened.recorded.pop(window)]
        if opened.day.moved > opened.moved:
            taken.problems.append(_moved(day, opened.day.moved - opened.moved))
            opened.moved = opened.day.moved
        if opened.day.is_over:
            del self._days[day]
            self.over.add(day)

    def _archive_window(self, opened: _OpenDay, window: Window, tables: Tables, taken: Taken) -> None:
        recorded = opened.recorded.pop(window, None)
        if recorded is None:
            taken.archived.append(self._archive.write(window, tables))
        elif recorded != self._figures(window, tables):
            taken.problems.append(_differs(window))

    def _figures(self, window: Window, tables: Tables) -> Figures:
        node = self._archive.node
        return {name: tuple(cut_chunks(BY_NAME[name], counts, node, window)[1]) for name, counts in tables.items()}


def _differs(window: Window) -> SetAsideError:
    return BatchMismatchError(
        f"the spool now gives another batch for {window.day} {window.name} than the archive has: the archive stands"
    )


def _moved(day: date, records: int) -> SetAsideError:
    return SetAsideError(f"{records} records of {day} came behind the fence: they count in a later window")
