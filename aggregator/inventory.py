"""What an archive holds, looked up without changing it: safe while the aggregator writes and compacts it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from aggregator.archive import Archive
from aggregator.chunks import Chunk
from aggregator.manifest import SUFFIX, Manifest, decode_manifest, file_name
from schema.durable_files import fsync_directory
from schema.errors import ArchiveDamagedError

Figures = dict[tuple[str, int], Chunk]  # by table and batch number


@dataclass
class DayInventory:
    """The manifests of a UTC day, those of parts that a compacted day holds left out; and which cannot be read."""

    manifests: list[Manifest] = field(default_factory=list)
    leftovers: list[Manifest] = field(default_factory=list)
    problems: list[ArchiveDamagedError] = field(default_factory=list)
    contents: dict[str, bytes] = field(default_factory=dict)  # of the manifests, by stem

    @property
    def figures(self) -> Figures:
        """The figures of every batch of every table."""
        return figures_in(self.manifests)


def take_inventory(archive: Archive, day: date) -> DayInventory:
    """Return what there is of a day; a file that goes away meanwhile was compacted, so look again."""
    while True:
        try:
            return _look(archive, day)
        except FileNotFoundError:
            continue


def figures_in(manifests: Iterable[Manifest]) -> Figures:
    """Return the figures of every batch of every table."""
    return {
        (name, chunk.batch): chunk
        for manifest in manifests
        for name, file in manifest.tables.items()
        for chunk in file.chunks
    }


def bytes_of(manifests: Iterable[Manifest]) -> int:
    """Return how large the files of these batches are, manifests left out."""
    return sum(file.bytes for manifest in manifests for file in manifest.tables.values())


def files_of(manifest: Manifest) -> list[str]:
    """Return the names of a batch's files, the manifest left out."""
    return [file_name(manifest.stem, table) for table in manifest.tables]


def sweep(archive: Archive, day: date, inventory: DayInventory) -> None:
    """Remove the files that no manifest names: leftovers of an interrupted write, and of a compaction.

    With a manifest that cannot be read nothing is removed. Only for who may write this archive.
    """
    named = {name for manifest in inventory.manifests for name in (*files_of(manifest), f"{manifest.stem}{SUFFIX}")}
    directory = archive.directory(day)
    if inventory.problems or not directory.exists():
        return
    if strangers := [path for path in sorted(directory.iterdir()) if path.name not in named]:
        for path in strangers:
            path.unlink()
        fsync_directory(directory)


def _look(archive: Archive, day: date) -> DayInventory:
    found = DayInventory()
    read: list[Manifest] = []
    for path in sorted(archive.directory(day).glob(f"*{SUFFIX}")):
        content = path.read_bytes()
        try:
            read.append(decode_manifest(content))
        except ArchiveDamagedError as error:
            found.problems.append(ArchiveDamagedError(f"{error}: archive/{day}/{path.name}"))
            continue
        found.contents[path.name.removesuffix(SUFFIX)] = content
    for manifest in read:
        (found.leftovers if _is_in_whole_day(manifest, read) else found.manifests).append(manifest)
    return found


def _is_in_whole_day(manifest: Manifest, read: Sequence[Manifest]) -> bool:
    whole = [day for day in read if day.window is None and day.node == manifest.node]
    batches = figures_in([manifest]).keys()
    return manifest.window is not None and any(batches <= figures_in([day]).keys() for day in whole)
