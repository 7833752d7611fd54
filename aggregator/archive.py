"""All batches as Parquet files with a manifest each: the truth of which the store is a projection.

A batch is there once its manifest is; files without one are leftovers of an interrupted write, and of no account.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path

import msgspec
import pyarrow as pa
import xxhash

from aggregator.chunks import Chunk, cut_chunks
from aggregator.day_directories import days_in, last_of_month, third_of_month
from aggregator.manifest import (
    Manifest,
    Span,
    TableFile,
    decode_manifest,
    describe_file,
    encode_manifest,
    file_name,
    make_manifest,
    manifest_files,
    span_of,
    stem_in,
    stem_of,
    whole_files,
)
from aggregator.parquet_bytes import decode_parquet, encode_parquet
from aggregator.rollup import Tables
from schema.batch import DAY_MS, Window, day_start_ms
from schema.durable_files import fsync_directory, make_directory, replace_file, replace_files
from schema.errors import ArchiveDamagedError
from schema.rollups import BY_NAME

QUARANTINE_NAME = "quarantine"


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
        self,
        day: date,
        window: Window | None,
        tables: Iterable[tuple[str, pa.Table | Iterable[pa.Table], Sequence[Chunk]]],
        first_day: date | msgspec.UnsetType = msgspec.UNSET,
    ) -> Manifest:
        """Write the files of a batch, of a whole day, or of all from `first_day` to `day`; then its manifest.

        The rows of a table may come in groups, of which one at a time is held. From the rename of the manifest on it
        is there.
        """
        make_directory(self.directory(day))
        files: dict[str, TableFile] = {}
        stem = stem_of(window, self.node, span_of(window, day, first_day))

        def contents() -> Iterator[tuple[str, bytes]]:
            for name, rows, chunks in tables:
                content = encode_parquet(rows, is_final=window is None)
                files[name] = describe_file(content, chunks)
                yield file_name(stem, name), content

        replace_files(self.directory(day), contents())
        manifest = make_manifest(self.node, day, window, files, first_day)
        replace_file(self.directory(day) / manifest.name, encode_manifest(manifest))
        return manifest

    def days(self) -> list[date]:
        """Return the UTC days that have files, oldest first; what is compacted of several is with the last."""
        return days_in(self.root)

    def manifests(self, day: date) -> tuple[list[Manifest], list[ArchiveDamagedError]]:
        """Return the manifests of a UTC day, and what was wrong with those that had to be set aside.

        A batch that is in something compacted counts there only.
        """
        found, problems = [], []
        for path in manifest_files(self.directory(day)):
            try:
                found.append(_read_manifest(path, day))
            except ArchiveDamagedError as error:
                problems.append(ArchiveDamagedError(f"{error}: archive/{day}/{path.name}"))
                self.set_aside(day, stem_in(path.name))
        holders = [*found, *compacted_later(self, day)]
        return [manifest for manifest in found if not is_leftover(manifest, holders)], problems

    def is_compacted(self, day: date) -> bool:
        """Whether all of this node's batches of the day were put together: nothing of it is missing."""
        return is_compacted(self.root, day, self.node)

    def read(self, manifest: Manifest, table: str, *, encoded: bool = False) -> pa.Table:
        """Return the rows of one rollup; `encoded`, texts are dictionaries, as they are in the file.

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
        return decode_parquet(content, table, encoded=encoded)

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


def is_compacted(root: Path, day: date, node: int) -> bool:
    """Whether all batches of a node's UTC day are together in the archive in `root`, as a day or in more."""
    return any((root / each.isoformat() / name).exists() for each, name in whole_files(day, node))


def is_leftover(manifest: Manifest, holders: Sequence[Manifest]) -> bool:
    """Whether the batches of `manifest` are also in something larger of its node."""
    larger = [each for each in holders if each.node == manifest.node and each.span > manifest.span]
    return any(manifest.by_window.keys() <= each.by_window.keys() for each in larger)


def compacted_later(archive: Archive, day: date) -> list[Manifest]:
    """Return what can be read of the compacted month and third, of all nodes, that `day` is in and not the last of."""
    found = []
    for last in {last_of_month(day), third_of_month(day)[1]} - {day}:
        for path in manifest_files(archive.directory(last)):
            with contextlib.suppress(ArchiveDamagedError, FileNotFoundError):
                found.append(_read_manifest(path, last))
    return [manifest for manifest in found if manifest.span > Span.DAY]


def _read_manifest(path: Path, day: date) -> Manifest:
    manifest = decode_manifest(path.read_bytes())
    if (manifest.day, manifest.name) != (day, path.name):
        raise ArchiveDamagedError("a manifest is not the one that its name says")
    return manifest
