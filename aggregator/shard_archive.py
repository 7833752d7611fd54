"""An archive as one shard of a cluster sees it: of every batch the rows of its sites, with figures of their own."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import msgspec
import pyarrow as pa

from aggregator.archive import Archive
from aggregator.manifest import Manifest, TableFile
from aggregator.thinning import chunks_of
from schema.errors import ArchiveDamagedError
from schema.shards import rows_of_shard


class ShardArchive(Archive):
    """The batches of the archive below `root`, as far as they are of sites on `shard`. For reading only."""

    def __init__(self, root: Path, node: int, shard: int, shards: int) -> None:
        super().__init__(root, node)
        self._shard = shard
        self._shards = shards

    def manifests(self, day: date) -> tuple[list[Manifest], list[ArchiveDamagedError]]:
        """Return the manifests of a UTC day with this shard's figures, and what was wrong with others."""
        found, problems = super().manifests(day)
        return [self.narrow(manifest) for manifest in found], problems

    def read(self, manifest: Manifest, table: str, *, encoded: bool = False) -> pa.Table:
        """Return the rows of one rollup that are of this shard; see Archive."""
        return rows_of_shard(super().read(manifest, table, encoded=encoded), self._shard, self._shards)

    def narrow(self, manifest: Manifest) -> Manifest:
        """Return `manifest` with the figures of this shard's rows; tables without any are left out."""
        tables = {name: self._narrow(manifest, name, file) for name, file in manifest.tables.items()}
        return msgspec.structs.replace(manifest, tables={name: file for name, file in tables.items() if file.chunks})

    def _narrow(self, manifest: Manifest, table: str, file: TableFile) -> TableFile:
        try:
            rows = self.read(manifest, table)
        except ArchiveDamagedError:
            return file  # whoever reads it to load it says so
        return msgspec.structs.replace(file, chunks=tuple(chunks_of(table, rows)))
