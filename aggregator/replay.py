"""An open day computed anew from its segments, to compare with what the archive and the store have of it. Read-only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import msgspec
import xxhash

from aggregator.archive import Archive
from aggregator.compaction import compact_day
from aggregator.day import Day
from aggregator.local_time import LocalTime
from aggregator.manifest import Manifest, decode_manifest, file_name, manifest_files, stem_in
from aggregator.parquet_bytes import decode_parquet
from aggregator.removal import forgotten_records, read_removals
from aggregator.stored_day import StoredDay
from schema.batch import DAY_MS, Window, batch_window, day_start_ms
from schema.errors import ArchiveDamagedError, SegmentDamagedError
from schema.hit import Record, decode_records
from schema.spool_format import OPEN, SEALED, day_directory, decode_header, scan_frames


@dataclass
class Replayed:
    """What came of comparing one UTC day."""

    day: date
    records: int = 0
    batches: int = 0  # that were computed anew
    other_bytes: int = 0  # files with the same rows in other bytes
    left_out: list[str] = field(default_factory=list)  # what was not compared, and why
    differences: list[str] = field(default_factory=list)  # one sentence each


class Replay:
    """Computes days anew in `workspace`, an empty directory, as the aggregator would from an empty archive."""

    def __init__(self, spool_dir: Path, archive: Archive, local_time: LocalTime, workspace: Path) -> None:
        self._spool_dir = spool_dir
        self._archive = archive
        self._local_time = local_time
        self._fresh = Archive(workspace, archive.node)
        self._is_forgotten = forgotten_records(read_removals(archive.root))

    def check(self, day: date, stored: StoredDay | None) -> Replayed:
        """Return what differs of a UTC day that has segments; without `stored` the store is left out."""
        replayed = Replayed(day)
        found = dict(self._manifests(day, replayed))
        through = self._through(day, found, stored)
        fresh = self._recompute(day, through, found, replayed)
        replayed.batches = len(fresh)
        for stem, manifest in fresh.items():
            self._compare_batch(manifest, found.get(stem), replayed)
        for stem, surplus in found.items():
            if stem not in fresh and surplus and surplus.window is not None and Window(surplus.window) <= through:
                replayed.differences.append(f"the archive has batch {_name(surplus)}, which the spool does not give")
        if replayed.other_bytes:
            replayed.left_out.append(f"{replayed.other_bytes} files have the same rows in the bytes of another version")
        if stored is not None:
            _compare_store(list(fresh.values()), stored, through, replayed)
        return replayed

    def _manifests(self, day: date, replayed: Replayed) -> Iterator[tuple[str, Manifest | None]]:
        """Yield this node's manifests by stem, None where one is damaged; nothing is set aside."""
        parts = []
        for path in manifest_files(self._archive.directory(day)):
            stem = stem_in(path.name)
            try:
                manifest = decode_manifest(path.read_bytes())
            except ArchiveDamagedError as error:
                replayed.differences.append(f"{error}: archive/{day}/{path.name}")
                yield stem, None
                continue
            if manifest.node == self._archive.node:
                parts.append((stem, manifest))
        whole = [part for part in parts if part[1].window is None]
        yield from whole or parts

    def _through(self, day: date, found: dict[str, Manifest | None], stored: StoredDay | None) -> Window:
        """Return the last window that is cut for certain: the archive or the store has it, or a later one."""
        known = [manifest for manifest in found.values() if manifest]
        first, last = Window.of(day_start_ms(day)), Window.of(day_start_ms(day) + DAY_MS - 1)
        if any(manifest.window is None for manifest in known):
            return last
        ends = [Window(manifest.window or 0) for manifest in known]
        if stored:
            ends += [Window.of(stored.counted_through - 1)] if stored.counted_through else []
            ends += [batch_window(batch) for batches in stored.tables.values() for batch in batches]
        return min(max([Window(first.index - 1), *ends]), last)

    def _recompute(
        self, day: date, through: Window, found: dict[str, Manifest | None], replayed: Replayed
    ) -> dict[str, Manifest]:
        """Return the manifests of the day up to `through`, as its segments give them."""
        fresh = Day(day, self._local_time)
        for records in _records(self._spool_dir / day_directory(day), replayed):
            is_forgotten = self._is_forgotten
            kept = [it for it in records if not (is_forgotten and is_forgotten(it.site, it.at))]
            fresh.absorb(kept)
            replayed.records += len(kept)
        last = Window.of(day_start_ms(day) + DAY_MS - 1)
        if through < last:
            clock = through.next.name
            replayed.left_out.append(f"windows from {clock[:2]}:{clock[2:]} UTC on are not known to be cut yet")
        if through < fresh.next_window:
            return {}
        written = [self._fresh.write(window, tables) for window, tables in fresh.cut(through).items()]
        if any(manifest and manifest.window is None for manifest in found.values()):
            whole = compact_day(self._fresh, day)
            written = [whole] if whole else []
        return {manifest.stem: manifest for manifest in written}

    def _compare_batch(self, fresh: Manifest, found: Manifest | None, replayed: Replayed) -> None:
        """Compare byte for byte, and row for row where another version wrote the file."""
        if found is None:
            replayed.differences.append(f"batch {_name(fresh)} is not in the archive, or its manifest cannot be read")
            return
        for table in sorted({*fresh.tables, *found.tables}):
            name = f"archive/{fresh.day}/{file_name(fresh.stem, table)}"
            if table not in found.tables or table not in fresh.tables:
                having = "spool" if table in fresh.tables else "archive"
                replayed.differences.append(f"{name}: only the {having} has anything for it")
                continue
            kept = _content(self._archive.directory(fresh.day) / file_name(fresh.stem, table))
            if kept is None:
                replayed.differences.append(f"{name} is missing")
            elif xxhash.xxh3_128_hexdigest(kept) != found.tables[table].checksum:
                replayed.differences.append(f"{name} does not match its checksum")
            elif found.tables[table].chunks != fresh.tables[table].chunks:
                replayed.differences.append(f"{name} has other counts than the spool gives")
            else:
                made = _content(self._fresh.directory(fresh.day) / file_name(fresh.stem, table)) or b""
                if kept != made and decode_parquet(kept, table) != decode_parquet(made, table):
                    replayed.differences.append(f"{name} has other rows than the spool gives")
                elif kept != made:
                    replayed.other_bytes += 1


def _compare_store(fresh: list[Manifest], stored: StoredDay, through: Window, replayed: Replayed) -> None:
    """Compare rows and sums of each batch."""
    absent: set[int] = set()
    expected: set[tuple[str, int]] = set()
    for manifest in fresh:
        for table, file in manifest.tables.items():
            for chunk in file.chunks:
                expected.add((table, chunk.batch))
                kept = stored.tables.get(table, {}).get(chunk.batch)
                if kept is None and chunk.window.end_ms > stored.counted_through:
                    absent.add(chunk.batch)
                elif kept is None:
                    replayed.differences.append(f"the store has nothing of batch {_window(chunk.batch)} in {table}")
                elif tuple(kept) != (chunk.rows, *chunk.sums.values()):
                    replayed.differences.append(
                        f"the store has other rows of batch {_window(chunk.batch)} in {table} than the spool gives"
                    )
    for table, batches in stored.tables.items():
        for batch in sorted(batches):
            if (table, batch) not in expected and batch_window(batch) <= through:
                replayed.differences.append(
                    f"the store has a batch {_window(batch)} in {table}, which the spool does not give"
                )
    if absent:
        replayed.left_out.append(f"{len(absent)} batches are not in the store and may not be loaded yet")


def _records(directory: Path, replayed: Replayed) -> Iterator[list[Record]]:
    """Yield the records of each segment, whoever is writing it; say what cannot be read."""
    for path in sorted(directory.glob("*")):
        if path.suffix not in (OPEN, SEALED):
            continue
        content = _content(path) or _content(path.with_suffix(SEALED)) or b""
        try:
            scan = scan_frames(content, decode_header(content).segment_id)
            yield [record for payload in scan.payloads for record in decode_records(payload)]
        except (SegmentDamagedError, msgspec.DecodeError, UnicodeDecodeError) as error:
            replayed.left_out.append(f"segment {path.name} cannot be read ({error})")
            continue
        if scan.damaged_bytes or scan.missing_frames:
            size = f"{scan.damaged_bytes} bytes, {scan.missing_frames} frames"
            replayed.left_out.append(f"{size} of segment {path.name} are gone or cannot be read")


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _name(manifest: Manifest) -> str:
    return f"of the whole of {manifest.day}" if manifest.window is None else _clock(Window(manifest.window))


def _window(batch: int) -> str:
    return f"{batch} ({_clock(batch_window(batch))})"


def _clock(window: Window) -> str:
    return f"{window.day} {window.name[:2]}:{window.name[2:]}"
