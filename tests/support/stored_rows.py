"""What a store has of its rollups, and what it should have of an archive."""

from __future__ import annotations

from collections.abc import Sequence

from aggregator.archive import Archive
from aggregator.manifest import Manifest
from schema.rollups import ROLLUPS
from schema.store import Row, Store


def stored(store: Store) -> dict[str, list[Row]]:
    """All rows of the store, sorted."""
    columns = {rollup.name: ", ".join(column.name for column in rollup.columns) for rollup in ROLLUPS}
    return {name: store.query(f"SELECT {names} FROM {name} ORDER BY {names}") for name, names in columns.items()}


def archived(archive: Archive, manifests: Sequence[Manifest]) -> dict[str, int]:
    return {
        rollup.name: sum(archive.read(part, rollup.name).num_rows for part in manifests if rollup.name in part.tables)
        for rollup in ROLLUPS
    }


def counts(store: Store) -> dict[str, int]:
    return {name: len(rows) for name, rows in stored(store).items()}


def whole(archive: Archive) -> dict[str, int]:
    """How many rows of each rollup there are in all of the archive."""
    return archived(archive, [each for day in archive.days() for each in archive.manifests(day)[0]])
