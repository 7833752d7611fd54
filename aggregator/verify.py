"""Whether the archive's files are as they were written, and the store has exactly what they hold. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

from aggregator.archive import Archive
from aggregator.chunks import Chunk, arrow_schema
from aggregator.inventory import figures_in, files_of, take_inventory
from aggregator.manifest import Manifest
from aggregator.thinning import Advance, chunks_of, no_advance
from schema.batch import MAX_CHUNK, Window, batch_node, batch_number, batch_window, day_start_ms
from schema.rollups import BY_NAME, ROLLUPS, Rollup
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
    """Compare what the store has of this node with what the archive has, batch by batch; add to `report`."""
    months = sorted({*(_month(day) for day in archive.days()), *_stored_months(store)})
    for number, month in enumerate(months):
        manifests = [
            manifest
            for day in archive.days()
            if _month(day) == month
            for manifest in take_inventory(archive, day).manifests
            if manifest.node == archive.node
        ]
        figures = figures_in(manifests)
        report.batches += len(figures)
        for rollup in ROLLUPS:
            wanted = {batch: chunk for (name, batch), chunk in figures.items() if name == rollup.name}
            stored = _stored(store, rollup, archive.node, month)
            report.stored_rows += sum(rows for rows, *_ in stored.values())
            for batch in sorted(stored.keys() | wanted.keys()):
                report.differences += _compare(rollup, batch, wanted.get(batch), stored.get(batch))
        advance(number + 1, len(months))


def _verify_day(archive: Archive, day: date, report: VerifyReport, deep: bool) -> None:
    for _ in range(_LOOKS):
        inventory = take_inventory(archive, day)
        found = [problem for manifest in inventory.manifests for problem in _verify_files(archive, manifest, deep)]
        if not found or take_inventory(archive, day).contents == inventory.contents:
            break  # else the day was compacted or thinned meanwhile: look again
    report.differences += [Difference(day, "", "manifest", str(problem), "readable") for problem in inventory.problems]
    report.differences += found
    report.days += 1
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
    rows = pq.read_table(pa.BufferReader(content)).cast(arrow_schema(BY_NAME[table]))
    return list(chunks_of(table, rows))


def _month(day: date) -> date:
    return day.replace(day=1)


def _stored_months(store: Store) -> set[date]:
    """Return the months of local days that the store has rows of, and those beside them: batches go by UTC."""
    found = set()
    for rollup in ROLLUPS:
        for (month,) in store.query(f"SELECT DISTINCT toYYYYMM(day) FROM {rollup.name}"):
            first = date(month // 100, month % 100, 1)
            found |= {_month(first - timedelta(days=1)), first, _next(first)}
    return found


def _next(month: date) -> date:
    return _month(month + timedelta(days=31))


def _stored(store: Store, rollup: Rollup, node: int, month: date) -> dict[int, tuple[int, ...]]:
    """Return the rows, and the sum of each measure, of every batch of a UTC month in the store."""
    sums = ", ".join(f"sum({name})" for name in rollup.measure_names)
    rows = store.query(
        f"SELECT batch, count(), {sums} FROM {rollup.name} WHERE day BETWEEN {{first:Date}} AND {{last:Date}}"
        " AND batch BETWEEN {low:UInt64} AND {high:UInt64} GROUP BY batch",
        {
            "first": (month - timedelta(days=1)).isoformat(),
            "last": _next(month).isoformat(),
            "low": batch_number(node, Window.of(day_start_ms(month))),
            "high": batch_number(node, Window.of(day_start_ms(_next(month)) - 1), MAX_CHUNK),
        },
    )
    return {int(batch): tuple(int(figure) for figure in figures) for batch, *figures in rows}


def _compare(rollup: Rollup, batch: int, expected: Chunk | None, found: tuple[int, ...] | None) -> Iterator[Difference]:
    wanted = (expected.rows, *expected.sums.values()) if expected else None
    if found == wanted:
        return
    window = batch_window(batch)
    name = f"{window.name}-{batch_node(batch)}, chunk {batch & 0xFFFF}"
    names = ("rows", *rollup.measure_names)
    for what, ours, theirs in zip(names, wanted or [0] * len(names), found or [0] * len(names), strict=True):
        if ours != theirs:
            yield Difference(window.day, rollup.name, name, f"{theirs} {what} in the store", f"{ours} in the archive")
