"""Whether the archive's files are as they were written, and the store has exactly what they hold. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

import xxhash

from aggregator.archive import Archive
from aggregator.chunks import Chunk
from aggregator.day_directories import first_of_month
from aggregator.inventory import days_of, figures_in, files_of, take_inventory
from aggregator.manifest import Manifest
from aggregator.parquet_bytes import decode_parquet
from aggregator.stored_month import StoredMonth, read_stored_month, stored_months
from aggregator.thinning import Advance, chunks_of, no_advance
from schema.batch import batch_node, batch_window
from schema.rollups import ROLLUPS, Rollup
from schema.store import Store

_LOOKS = 5


@dataclass(frozen=True)
class Difference:
    """One thing that is not as the archive's manifests say."""

    day: date  # UTC
    table: str
    batch: str
    found: str
    expected: str


@dataclass
class VerifyReport:
    """What was compared, and what was different."""

    days: int = 0
    files: int = 0
    batches: int = 0
    stored_rows: int = 0
    differences: list[Difference] = field(default_factory=list)


def verify_archive(archive: Archive, advance: Advance = no_advance, *, deep: bool = False) -> VerifyReport:
    """Compare every file with its checksum; with `deep`, its rows with its manifest's figures as well."""
    report = VerifyReport()
    days = archive.days()
    for number, day in enumerate(days):
        _verify_day(archive, day, report, deep)
        advance(number + 1, len(days))
    return report


def verify_store(archive: Archive, store: Store, report: VerifyReport, advance: Advance = no_advance) -> None:
    """Compare what the store has of this node with what the archive has, batch by batch; add to `report`.

    Raises:
        StoreUnavailableError: the store does not answer now.
    """

    def read(month: date) -> StoredMonth:
        return read_stored_month(store, archive.node, month)

    compare_months(archive, stored_months(store), read, report, advance=advance)


def compare_months(
    archive: Archive,
    stored: Iterable[date],
    read: Callable[[date], StoredMonth],
    report: VerifyReport,
    *,
    advance: Advance = no_advance,
    pause: Callable[[], None] | None = None,
) -> None:
    """Compare the archive with what `read` says of each month; `stored` are the first days of those that it knows.

    With `pause` the aggregator is at work meanwhile: a difference is one if it is still there after some pauses.
    """
    months = sorted({*(first_of_month(day) for day in archive.days()), *stored})
    for number, month in enumerate(months):
        differences, rows, batches = _compare_month(archive, month, read(month))
        for _ in range(_LOOKS if pause else 0):
            if not differences or pause is None:
                break
            pause()
            again, rows, batches = _compare_month(archive, month, read(month))
            differences = [difference for difference in again if difference in differences]
        report.differences += differences
        report.stored_rows += rows
        report.batches += batches
        advance(number + 1, len(months))


def _compare_month(archive: Archive, month: date, stored: StoredMonth) -> tuple[list[Difference], int, int]:
    """Return what differs, how many rows the store has, and how many batches of tables the archive has."""
    days = [day for day in archive.days() if first_of_month(day) == month]
    manifests = [manifest for day in days for manifest in take_inventory(archive, day).manifests]
    figures = figures_in(manifest for manifest in manifests if manifest.node == archive.node)
    differences: list[Difference] = []
    for rollup in ROLLUPS:
        wanted = {batch: chunk for (name, batch), chunk in figures.items() if name == rollup.name}
        found = stored.tables[rollup.name]
        for batch in sorted(found.keys() | wanted.keys()):
            differences += _compare(rollup, batch, wanted.get(batch), found.get(batch))
    return differences, sum(rows for found in stored.tables.values() for rows, *_ in found.values()), len(figures)


def _verify_day(archive: Archive, day: date, report: VerifyReport, deep: bool) -> None:
    for _ in range(_LOOKS):
        inventory = take_inventory(archive, day)
        found = [problem for manifest in inventory.manifests for problem in _verify_files(archive, manifest, deep)]
        if not found or take_inventory(archive, day).contents == inventory.contents:
            break  # else the day was compacted or thinned meanwhile: look again
    report.differences += [Difference(day, "", "manifest", str(problem), "readable") for problem in inventory.problems]
    report.differences += found
    report.days += len(days_of(inventory.manifests))
    report.files += sum(1 + len(manifest.tables) for manifest in inventory.manifests)


def _verify_files(archive: Archive, manifest: Manifest, deep: bool) -> Iterator[Difference]:
    for name, (table, file) in zip(files_of(manifest), manifest.tables.items(), strict=True):
        try:
            content = (archive.directory(manifest.day) / name).read_bytes()
        except FileNotFoundError:
            yield Difference(manifest.day, table, manifest.stem, "no file", name)
            continue
        if xxhash.xxh3_128_hexdigest(content) != file.checksum:
            yield Difference(manifest.day, table, manifest.stem, "another checksum", file.checksum)
        elif deep and _figures(table, content) != sorted(file.chunks, key=lambda chunk: chunk.batch):
            yield Difference(manifest.day, table, manifest.stem, "rows of other figures", "those of the manifest")


def _figures(table: str, content: bytes) -> list[Chunk]:
    return list(chunks_of(table, decode_parquet(content, table)))


def _compare(rollup: Rollup, batch: int, expected: Chunk | None, found: tuple[int, ...] | None) -> Iterator[Difference]:
    wanted = (expected.rows, *expected.sums.values()) if expected else None
    if found == wanted:
        return
    window = batch_window(batch)
    name = f"{window.name}-{batch_node(batch)}, chunk {batch & 0xFFFF}"
    if found is None or wanted is None:
        in_archive, in_store = (f"{figures[0]} rows" if figures else "nothing" for figures in (wanted, found))
        yield Difference(window.day, rollup.name, name, f"{in_store} in the store", f"{in_archive} in the archive")
        return
    for what, ours, theirs in zip(("rows", *rollup.measure_names), wanted, found, strict=True):
        if ours != theirs:
            yield Difference(window.day, rollup.name, name, f"{theirs} {what} in the store", f"{ours} in the archive")
