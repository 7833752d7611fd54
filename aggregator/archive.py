"""All batches as Parquet files with a manifest each: the truth of which the store is a projection.

A batch is there once its manifest is; files without one are leftovers of an interrupted write, and of no account.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

from aggregator.chunks import Chunk, arrow_schema, cut_chunks
from aggregator.day_directories import days_in
from aggregator.manifest import (
    SUFFIX,
    Manifest,
    decode_manifest,
    describe_file,
    encode_manifest,
    file_name,
    make_manifest,
    stem_of,
)
from aggregator.rollup import Tables
from schema.batch import DAY_MS, Window, day_start_ms
from schema.durable_files import fsync_directory, make_directory, replace_file
from schema.errors import ArchiveDamagedError
from schema.rollups import BY_NAME

QUARANTINE_NAME = "quarantine"
_QUICK_LEVEL, _FINAL_LEVEL = 1, 9


class Archive:
    """The archive below `root`, as `node` sees it: it reads what all nodes wrote, and writes its own."""

    def __init__(self, root: Path, node: int) -> None:
        self.root = root
        self.node = node

    def write(self, window: Window, tables: Tables) -> Manifest:
        """Put the batch of `window` there, durably, and return its manifest. The same counts give the same bytes."""
        return self.put(window.day, window, self._chunked(window, tables))

    def write_day(self, day: date, tables: Tables) -> Manifest:
        """Put a whole day there at once, already compacted, as one batch: that of its last window."""
        last = Window.of(day_start_ms(day) + DAY_MS - 1)
        return self.put(day, None, self._chunked(last, tables))

    def put(
        self, day: date, window: Window | None, tables: Iterable[tuple[str, pa.Table, Sequence[Chunk]]]
    ) -> Manifest:
        """Write the files of a batch, or of a whole day, then its manifest: from that rename on it is there."""
        make_directory(self.directory(day))
        files = {}
        for name, rows, chunks in tables:
            content = encode_parquet(rows, is_final=window is None)
            files[name] = describe_file(content, chunks)
            replace_file(self.directory(day) / file_name(stem_of(window, self.node), name), content)
        manifest = make_manifest(self.node, day, window, files)
        replace_file(self.directory(day) / f"{manifest.stem}{SUFFIX}", encode_manifest(manifest))
        return manifest

    def days(self) -> list[date]:
        """Return the UTC days of which there is anything, oldest first."""
        return days_in(self.root)

    def manifests(self, day: date) -> tuple[list[Manifest], list[ArchiveDamagedError]]:
        """Return the manifests of a UTC day, and what was wrong with those that had to be set aside.

        A batch that is in a compacted day counts there only.
        """
        found, problems = [], []
        for path in sorted(self.directory(day).glob(f"*{SUFFIX}")):
            try:
                manifest = decode_manifest(path.read_bytes())
                if (manifest.day, f"{manifest.stem}{SUFFIX}") != (day, path.name):
                    raise ArchiveDamagedError("a manifest is not the one that its name says")
                found.append(manifest)
            except ArchiveDamagedError as error:
                problems.append(ArchiveDamagedError(f"{error}: archive/{day}/{path.name}"))
                self.set_aside(day, path.name.removesuffix(SUFFIX))
        return [manifest for manifest in found if not _is_leftover(manifest, found)], problems

    def is_compacted(self, day: date) -> bool:
        """Whether all of this node's batches of the day were put together: nothing of it is missing."""
        return (self.directory(day) / f"day.{self.node}{SUFFIX}").exists()

    def read(self, manifest: Manifest, table: str) -> pa.Table:
        """Return the rows of one rollup.

        Raises:
            ArchiveDamagedError: the file is not as it was written.
        """
        path = self.directory(manifest.day) / file_name(manifest.stem, table)
        expected = manifest.tables[table]
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise ArchiveDamagedError(f"archive/{manifest.day}/{path.name} is missing") from None
        if len(content) != expected.bytes or xxhash.xxh3_128_hexdigest(content) != expected.checksum:
            raise ArchiveDamagedError(f"archive/{manifest.day}/{path.name} does not match its checksum")
        return pq.read_table(pa.BufferReader(content)).cast(arrow_schema(BY_NAME[table]))

    def set_aside(self, day: date, stem: str) -> None:
        """Move the files of a damaged batch to quarantine: it is no longer there."""
        quarantine = self.root / QUARANTINE_NAME / day.isoformat()
        make_directory(quarantine)
        for path in self._files(day, stem):
            path.rename(quarantine / path.name)
        fsync_directory(quarantine)
        fsync_directory(self.directory(day))

    def remove(self, day: date, stems: Iterable[str]) -> None:
        """Remove batches that a compacted day holds, and whatever an interrupted write left behind."""
        leftovers = list(self.directory(day).glob("*.tmp"))
        for path in leftovers + [path for stem in stems for path in self._files(day, stem)]:
            path.unlink()
        fsync_directory(self.directory(day))

    def directory(self, day: date) -> Path:
        """Return where the batches of a UTC day are."""
        return self.root / day.isoformat()

    def _chunked(self, window: Window, tables: Tables) -> Iterator[tuple[str, pa.Table, list[Chunk]]]:
        for name, counts in tables.items():
            yield name, *cut_chunks(BY_NAME[name], counts, self.node, window)

    def _files(self, day: date, stem: str) -> list[Path]:
        return sorted(self.directory(day).glob(f"{stem}.*"))


def _is_leftover(manifest: Manifest, found: Sequence[Manifest]) -> bool:
    """Whether a batch is also in the compacted day of its node."""
    if manifest.window is None:
        return False
    days = [day for day in found if day.window is None and day.node == manifest.node]
    return any(Window(manifest.window) in day.by_window for day in days)


def encode_parquet(table: pa.Table, *, is_final: bool = False) -> bytes:
    """Return `table` as a Parquet file: the same bytes for the same rows, with nothing in it but them.

    What is final is to be small and quick to filter; a window's file is gone after a day: that is to be quick to write.
    """
    sink = pa.BufferOutputStream()
    level = _FINAL_LEVEL if is_final else _QUICK_LEVEL
    pq.write_table(
        table, sink, compression="zstd", compression_level=level, write_statistics=is_final, store_schema=False
    )
    return bytes(sink.getvalue())
