"""What the store has of the batches of a UTC day: rows and sums per batch, to compare with what they should be."""

from __future__ import annotations

from datetime import date

import msgspec

from aggregator.store_count import is_of
from schema.batch import batch_window
from schema.live import newest_snapshots
from schema.rollups import ROLLUPS
from schema.store import Store


class StoredDay(msgspec.Struct, frozen=True):
    """One node's batches of a UTC day in the store."""

    counted_through: int  # milliseconds since the epoch: windows before it are all loaded; 0 if nobody says so
    tables: dict[str, dict[int, tuple[int, ...]]]  # rollup → batch number → rows, and the sum of each measure


def read_stored_day(store: Store, node: int, day: date) -> StoredDay:
    """Return what the store has of a UTC day.

    Raises:
        StoreUnavailableError: the store does not answer now.
    """
    snapshots = [snapshot for snapshot in newest_snapshots(store) if snapshot.node == node]  # first: batches may follow
    tables = {}
    for rollup in ROLLUPS:
        sums = ", ".join(f"sum({name})" for name in rollup.measure_names)
        rows = store.query(f"SELECT batch, count(), {sums} FROM {rollup.name} WHERE {is_of(node, day)} GROUP BY batch")
        tables[rollup.name] = {batch: tuple(figures) for batch, *figures in rows}
    return StoredDay(min((batch_window(each.through).end_ms for each in snapshots), default=0), tables)
