"""What an archive holds, looked up without changing it: safe while the aggregator writes and compacts it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from aggregator.archive import Archive, compacted_later
from aggregator.chunks import Chunk
from aggregator.manifest import Manifest, decode_manifest, file_name, manifest_files, stem_in
from schema.durable_files import fsync_directory
from schema.errors import ArchiveDamagedError

Figures = dict[tuple[str, int], Chunk]  # by table and batch number


@dataclass
class DayInventory:
    """The manifests of a UTC day, without those that something larger holds; and which cannot be read."""

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


def counted_days(archive: Archive, since: date = date.min) -> set[date]:
    """Return the UTC days from `since` of which the archive has batches."""
    found = (days_of(take_inventory(archive, each).manifests) for each in archive.days() if each >= since)
    return {day for days in found for day in days if day >= since}


def figures_in(manifests: Iterable[Manifest]) -> Figures:
    """Return the figures of every batch of every table."""
    return {
        (name, chunk.batch): chunk
        for manifest in manifests
        for name, file in manifest.tables.items()
        for chunk in file.chunks
    }


def days_of(manifests: Iterable[Manifest]) -> set[date]:
    """Return the UTC days that these batches are of."""
    return {day for manifest in manifests for day in manifest.days}


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
    named = {name for manifest in inventory.manifests for name in (*files_of(manifest), manifest.name)}
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
    for path in manifest_files(archive.directory(day)):
        content = path.read_bytes()
        try:
            read.append(decode_manifest(content))
        except ArchiveDamagedError as error:
            found.problems.append(ArchiveDamagedError(f"{error}: archive/{day}/{path.name}"))
            continue
        found.contents[stem_in(path.name)] = content
    whole = [manifest for manifest in (*read, *compacted_later(archive, day)) if manifest.window is None]
    for manifest in read:
        (found.leftovers if _is_in(manifest, whole) else found.manifests).append(manifest)
    return found


def _is_in(manifest: Manifest, whole: Sequence[Manifest]) -> bool:
    """Whether the batches of `manifest` are all in something larger of its node."""
    batches = figures_in([manifest]).keys()
    larger = [each for each in whole if each.node == manifest.node and each.span > manifest.span]
    return any(batches <= figures_in([each]).keys() for each in larger)
