"""Archive → a copy of it elsewhere: only what is new there, checked while it is copied, whole at every moment.

`DEST/archive` is an archive like any other. A manifest comes after its files; a day that was thinned takes the place
of the old one at once. Nothing is removed there that the archive, and its record of removals, does not account for.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import msgspec
import xxhash

from aggregator import replacement
from aggregator.archive import Archive, compacted_later
from aggregator.inventory import DayInventory, Figures, bytes_of, days_of, figures_in, files_of, sweep, take_inventory
from aggregator.manifest import Manifest
from aggregator.removal import mend_removals, read_removals, write_removals
from aggregator.thinning import Advance, no_advance, thinned
from schema.directory_lock import lock_directory
from schema.durable_files import make_directory, replace_file
from schema.errors import ArchiveDamagedError, RetryError, SetAsideError, StopError

MARKER = "footfall-backup.json"
_LOCK = "footfall.lock"
_LOOKS = 5  # at a day whose files go away meanwhile


class Marker(msgspec.Struct, frozen=True):
    """Says that a directory is a backup, and when one was last complete."""

    node: int
    completed_ms: int = 0  # since the epoch; 0: never


@dataclass
class BackupReport:
    """What was copied and removed, and what could not be."""

    days: int = 0
    files: int = 0
    bytes: int = 0
    removed_days: int = 0
    problems: list[SetAsideError] = field(default_factory=list)


def back_up(archive: Archive, destination: Path, now_ms: int, advance: Advance = no_advance) -> BackupReport:
    """Bring the copy of `archive` in `destination` up to date; safe while the aggregator runs.

    What is damaged, or there in another shape for no known reason, is reported and left alone on both sides.

    Raises:
        DataDirInUseError: another backup into the same directory is under way.
        RetryError: the destination cannot be read or written, or is full; what was copied stays.
        StopError: there is something else in it.
    """
    try:
        _claim(destination, archive.node)
        lock = lock_directory(destination, _LOCK)
        try:
            return _back_up(archive, destination, now_ms, advance)
        finally:
            os.close(lock)
    except OSError as error:
        raise RetryError(f"the backup to {destination} failed: {error.strerror or error}") from None


def find_marker(destination: Path) -> Marker | None:
    """Return what the backup in `destination` says of itself, or None if there is none."""
    try:
        return msgspec.json.decode((destination / MARKER).read_bytes(), type=Marker)
    except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
        return None


def read_marker(destination: Path) -> Marker:
    """Return the same; to be used where there has to be one.

    Raises:
        StopError: there is none.
    """
    marker = find_marker(destination)
    if marker is None:
        raise StopError(f"{destination} is not a backup", hint="name the directory that footfall backup wrote to")
    return marker


def copy_archive(source: Archive, target: Archive, advance: Advance = no_advance) -> BackupReport:
    """Copy what is new; see `back_up`. The record of removals goes first: who restores half a copy can carry it out."""
    copy = _Copy(source, target)
    make_directory(target.root)
    replacement.finish(target.root)
    # The last day of a month first: a compacted month is with it, and takes the place of the other days.
    days = sorted({*source.days(), *target.days()}, key=lambda day: (day.year, day.month, -day.day))
    for number, day in enumerate(days):
        copy.copy_removals()
        copy.copy_day(day)
        advance(number + 1, len(days))
    return copy.report


def _claim(destination: Path, node: int) -> None:
    """Mark `destination` as a backup; refuse a directory with anything else in it."""
    make_directory(destination)
    if find_marker(destination) is None:
        if strangers := [entry.name for entry in destination.iterdir() if entry.name not in (_LOCK, f"{MARKER}.tmp")]:
            raise StopError(
                f"{destination} holds something else ({strangers[0]})", hint="choose an empty directory for the backup"
            )
        replace_file(destination / MARKER, msgspec.json.encode(Marker(node)))


def _back_up(archive: Archive, destination: Path, now_ms: int, advance: Advance) -> BackupReport:
    report = copy_archive(archive, Archive(destination / "archive", archive.node), advance)
    if not report.problems:
        replace_file(destination / MARKER, msgspec.json.encode(Marker(archive.node, now_ms)))
    return report


@dataclass
class _Copy:
    """One archive on its way to another place."""

    source: Archive
    target: Archive
    report: BackupReport = field(default_factory=BackupReport)

    def copy_removals(self) -> None:
        """Copy the record of removals, which is whole in one place at least, if it is another than the target's."""
        removals = read_removals(self.source.root)
        with contextlib.suppress(ArchiveDamagedError):  # there: it is made anew
            if read_removals(self.target.root) == removals:
                mend_removals(self.target.root)
                return
        write_removals(self.target.root, removals)

    def copy_day(self, day: date) -> None:
        """Bring one UTC day up to date, or report why not."""
        for _ in range(_LOOKS):
            try:
                return self._bring_up(day)
            except FileNotFoundError:  # compacted or thinned meanwhile: look again
                continue
            except ArchiveDamagedError as error:
                self.report.problems.append(error)
                return None
        self.report.problems.append(ArchiveDamagedError(f"files of archive/{day} are missing"))
        return None

    def _bring_up(self, day: date) -> None:
        ours, theirs = take_inventory(self.source, day), take_inventory(self.target, day)
        here = {manifest.stem for manifest in ours.manifests}
        if ours.problems:
            self.report.problems += ours.problems
            return
        if {stem: ours.contents[stem] for stem in here} == theirs.contents and not theirs.problems:
            sweep(self.target, day, theirs)
            return
        only_there = _only_in(theirs.figures, ours.figures)
        if only_there and only_there <= figures_in(compacted_later(self.source, day)).keys():
            return  # compacted while this copy is made, which has it all: the next one follows
        if only_there and not self._is_accounted_for(theirs.manifests, ours.figures):
            self.report.problems.append(_unaccounted(day, len(only_there)))
            return
        if not here:
            replacement.take_away(self.target.root, day)
            self.report.removed_days += len(days_of(theirs.manifests))
            return
        if only_there or _clashes(ours, theirs):
            self._replace_day(day, ours)
        else:
            self._extend_day(ours, theirs)
        self.report.days += len(days_of(each for each in ours.manifests if each.stem not in theirs.contents) or {day})
        now_there = take_inventory(self.target, day)
        sweep(self.target, day, now_there)
        self.report.problems += now_there.problems  # damaged there, and not here to be copied again

    def _replace_day(self, day: date, ours: DayInventory) -> None:
        root = replacement.begin(self.target.root, day)
        for manifest in ours.manifests:
            self._copy_batch(manifest, ours, Archive(root, self.target.node))
        replacement.commit(self.target.root, day)

    def _extend_day(self, ours: DayInventory, theirs: DayInventory) -> None:
        """Add what is new. Parts that a compacted day holds are of no account from then on."""
        for manifest in ours.manifests:
            if manifest.stem not in theirs.contents:
                self._copy_batch(manifest, ours, self.target)

    def _copy_batch(self, manifest: Manifest, ours: DayInventory, target: Archive) -> None:
        directory, content = target.directory(manifest.day), ours.contents[manifest.stem]
        make_directory(directory)
        for name, table in zip(files_of(manifest), manifest.tables.values(), strict=True):
            rows = (self.source.directory(manifest.day) / name).read_bytes()
            if len(rows) != table.bytes or xxhash.xxh3_128_hexdigest(rows) != table.checksum:
                raise self._changed_or_damaged(manifest, ours, name)
            replace_file(directory / name, rows)
        replace_file(directory / manifest.name, content)
        self.report.files += len(manifest.tables) + 1
        self.report.bytes += bytes_of([manifest]) + len(content)

    def _changed_or_damaged(self, manifest: Manifest, ours: DayInventory, name: str) -> Exception:
        """Return FileNotFoundError if the batch was replaced since its manifest was read, so that one looks again."""
        now = take_inventory(self.source, manifest.day).contents
        if now.get(manifest.stem) != ours.contents[manifest.stem]:
            return FileNotFoundError(name)
        return ArchiveDamagedError(f"archive/{manifest.day}/{name} does not match its checksum")

    def _is_accounted_for(self, theirs: Sequence[Manifest], ours: Figures) -> bool:
        """Whether what the target has of a day is, without what was removed since, all in the source."""
        removals = read_removals(self.source.root)
        left: Figures = {}
        for manifest in theirs:
            kept = thinned(self.target, manifest, removals)
            if kept is None:
                left |= figures_in([manifest])
            else:
                left |= {(name, chunk.batch): chunk for name, (_, chunks) in kept.items() for chunk in chunks}
        return not _only_in(left, ours)


def _unaccounted(day: date, batches: int) -> SetAsideError:
    return SetAsideError(
        f"{batches} batches of {day} are in the copy and not in the archive that it is made of, or are otherwise there,"
        " with no record of their removal: that day of the copy is left as it is"
    )


def _only_in(some: Figures, others: Figures) -> set[tuple[str, int]]:
    return {key for key, chunk in some.items() if others.get(key) != chunk}


def _clashes(ours: DayInventory, theirs: DayInventory) -> bool:
    """Whether a batch is there under the same name with other content."""
    common = ours.contents.keys() & theirs.contents.keys()
    return any(ours.contents[stem] != theirs.contents[stem] for stem in common)
