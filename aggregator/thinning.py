"""Takes what is not to be kept out of the archive, a UTC day at a time; each day is whole before and after."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

import numpy as np
import pyarrow as pa

from aggregator import replacement
from aggregator.archive import Archive
from aggregator.chunks import Chunk, figures
from aggregator.inventory import bytes_of, days_of, sweep, take_inventory
from aggregator.manifest import Manifest
from aggregator.removal import Removal, kept_rows
from schema.batch import Window
from schema.errors import ArchiveDamagedError, SetAsideError
from schema.rollups import BY_NAME

Advance = Callable[[int, int], None]  # steps done, steps in all
Thinned = dict[str, tuple[pa.Table, list[Chunk]]]  # by table: what stays of a batch


def no_advance(done: int, total: int) -> None:
    """Tell nobody how far it is."""


@dataclass
class ThinReport:
    """What was taken out of the archive."""

    days: int = 0
    rows: int = 0
    bytes: int = 0
    months: set[tuple[int, int]] = field(default_factory=set)
    problems: list[SetAsideError] = field(default_factory=list)


def thin(
    archive: Archive, removals: Sequence[Removal], advance: Advance = no_advance, *, dry_run: bool = False
) -> ThinReport:
    """Take out what `removals` name; return what that was. Interrupted anywhere, it may be run again.

    A batch that turns out to be damaged is set aside and reported.
    """
    report = ThinReport()
    replacement.finish(archive.root)
    days = archive.days()
    for number, day in enumerate(days):
        _thin_day(archive, day, removals, report, dry_run)
        advance(number + 1, len(days))
    return report


def thinned(archive: Archive, manifest: Manifest, removals: Sequence[Removal]) -> Thinned | None:
    """Return what stays of a batch, table by table, or None if that is all of it.

    Raises:
        ArchiveDamagedError: a file is not as it was written.
    """
    if not any(removal.may_touch(chunk) for removal in removals for chunk in _chunks(manifest)):
        return None
    kept = {name: kept_rows(archive.read(manifest, name), removals) for name in manifest.tables}
    if sum(rows.num_rows for rows in kept.values()) == _rows(manifest):
        return None
    return {name: (rows, list(chunks_of(name, rows))) for name, rows in kept.items() if rows.num_rows}


def chunks_of(table: str, rows: pa.Table) -> Iterator[Chunk]:
    """Yield the figures of each batch number in `rows`, in order of that."""
    batches = rows["batch"].to_numpy()
    if (batches[1:] < batches[:-1]).any():
        order = np.argsort(batches, kind="stable")
        rows, batches = rows.take(order), batches[order]
    edges = [0, *(np.flatnonzero(np.diff(batches)) + 1).tolist(), len(batches)]
    for start, end in pairwise(edges):
        if end > start:
            yield figures(BY_NAME[table], rows.slice(start, end - start))


def _thin_day(archive: Archive, day: date, removals: Sequence[Removal], report: ThinReport, dry_run: bool) -> None:
    manifests, problems = archive.manifests(day)
    report.problems += problems
    results = [(manifest, _thinned(archive, manifest, removals, report)) for manifest in manifests]
    changed = [(manifest, kept) for manifest, kept in results if kept is not None]
    if not dry_run:
        sweep(archive, day, take_inventory(archive, day))
    if not changed:
        return
    if not dry_run:
        _put(archive, day, results)
    before, after = [manifest for manifest, _ in changed], [] if dry_run else archive.manifests(day)[0]
    same = {manifest.stem for manifest, _ in changed}
    report.days += len(days_of(before))
    report.rows += sum(_rows(manifest) for manifest in before)
    report.rows -= sum(rows.num_rows for _, kept in changed for rows, _ in kept.values())
    report.bytes += bytes_of(before) - bytes_of(manifest for manifest in after if manifest.stem in same)
    chunks = [chunk for manifest in before for chunk in _chunks(manifest)]
    report.months |= {chunk.month for chunk in chunks if any(removal.may_touch(chunk) for removal in removals)}


def _thinned(archive: Archive, manifest: Manifest, removals: Sequence[Removal], report: ThinReport) -> Thinned | None:
    try:
        return thinned(archive, manifest, removals)
    except ArchiveDamagedError as error:
        archive.set_aside(manifest.day, manifest.stem)
        report.problems.append(error)
        return None


def _put(archive: Archive, day: date, results: Sequence[tuple[Manifest, Thinned | None]]) -> None:
    """Write the day anew with what stays, and put that in place; a damaged batch is no longer among the manifests."""
    here = {manifest.stem for manifest in archive.manifests(day)[0]}
    staying = [(manifest, kept) for manifest, kept in results if manifest.stem in here and kept != {}]
    if not staying:
        replacement.take_away(archive.root, day)
        return
    root = replacement.begin(archive.root, day)
    for manifest, kept in staying:
        tables = _whole(archive, manifest) if kept is None else kept
        window = None if manifest.window is None else Window(manifest.window)
        rows = ((name, rows, chunks) for name, (rows, chunks) in tables.items())
        Archive(root, manifest.node).put(day, window, rows, manifest.first_day)
    replacement.commit(archive.root, day)


def _whole(archive: Archive, manifest: Manifest) -> Thinned:
    return {name: (archive.read(manifest, name), list(file.chunks)) for name, file in manifest.tables.items()}


def _chunks(manifest: Manifest) -> Iterator[Chunk]:
    for file in manifest.tables.values():
        yield from file.chunks


def _rows(manifest: Manifest) -> int:
    return sum(chunk.rows for chunk in _chunks(manifest))
