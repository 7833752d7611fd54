"""The live snapshot as its writer and its readers see it: two slots of in-memory tables per node, and their list.

A snapshot holds the counts of visits still open and complements the batches up to `through`. The writer fills the
slot that is not in use and then adds one row to `live_snapshots`; a reader takes each node's newest row, reads that
slot, and of the rollups only that node's batches up to `through`. So a visit that moves from live to a batch is seen
exactly once all the while.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from schema.rollups import ROLLUPS, Rollup
from schema.store import Store

SNAPSHOTS = "live_snapshots"
SLOTS = ("a", "b")
MAX_SNAPSHOTS_KEPT = 1000


@dataclass(frozen=True)
class Snapshot:
    """One row of `live_snapshots`."""

    node: int
    number: int  # counts up; its parity is its slot
    through: int  # the last batch number it complements: later ones of this node are not to be read with it
    open_day: date  # batches after `through` have no row of an earlier (local) day than this
    taken_at: int  # milliseconds since the epoch

    @property
    def slot(self) -> str:
        """The slot that holds its rows."""
        return SLOTS[self.number % len(SLOTS)]


def live_table(node: int, slot: str, rollup: str) -> str:
    """Return the name of the in-memory table for one rollup of one node's slot."""
    return f"live_{node}_{slot}_{rollup}"


def create_live_tables(store: Store, node: int, rollups: tuple[Rollup, ...] = ROLLUPS) -> None:
    """Create the in-memory tables of a node, empty."""
    bounded = store.capabilities.version >= (24, 8)
    keep = f" SETTINGS max_rows_to_keep = {MAX_SNAPSHOTS_KEPT}" if bounded else ""
    store.execute(
        f"CREATE TABLE IF NOT EXISTS {SNAPSHOTS} (node UInt16, number UInt64, through UInt64, open_day Date,"
        f" taken_at UInt64) ENGINE = Memory{keep}"
    )
    for rollup in rollups:
        for slot in SLOTS:
            store.execute(
                f"CREATE TABLE IF NOT EXISTS {live_table(node, slot, rollup.name)} AS {rollup.name} ENGINE = Memory"
            )


def newest_snapshots(store: Store) -> list[Snapshot]:
    """Return each node's newest snapshot; none before the first roll after a start."""
    if not store.query(f"SELECT 1 FROM system.tables WHERE database = currentDatabase() AND name = '{SNAPSHOTS}'"):
        return []
    rows = store.query(
        f"SELECT node, number, through, open_day, taken_at FROM {SNAPSHOTS} ORDER BY number DESC LIMIT 1 BY node"
    )
    return [Snapshot(*row) for row in rows]
