"""The live snapshot as its writer and its readers see it: two slots of in-memory tables per node, and their list.

A snapshot holds the counts of visits still open and complements the batches up to `through`. The writer fills the
slot that is not in use and then adds one row to `live_snapshots`; a reader takes each node's newest row, reads that
slot, and of the rollups only that node's batches up to `through`. So a visit that moves from live to a batch is seen
exactly once all the while.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from schema.errors import ShardUnavailableError
from schema.rollups import ROLLUPS, Rollup
from schema.shards import shard_of
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
    shard: int = 0  # of the store: each has snapshots of its own, of the sites that are on it
    place: str = ""  # where in the shard it was read: another place has other snapshots

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
    """Return each node's newest snapshot, for each shard that answers; none before the first roll after a start.

    Raises:
        StoreUnavailableError: nothing answers. A shard alone that is away says so when its sites are asked for.
    """
    found: list[Snapshot] = []
    away: list[ShardUnavailableError] = []
    for number, shard in enumerate(store.shards):
        try:
            found += _newest(shard, number)
        except ShardUnavailableError as error:
            away.append(error)
    if away and len(away) == len(store.shards):
        raise away[0]
    return found


def snapshots_of(site: str, store: Store, snapshots: Sequence[Snapshot]) -> list[Snapshot]:
    """Return those of `snapshots` that have the open visits of `site`."""
    shard = shard_of(site, len(store.shards))
    return [snapshot for snapshot in snapshots if snapshot.shard == shard]


def _newest(store: Store, shard: int) -> list[Snapshot]:
    place = store.place
    if not store.query(f"SELECT 1 FROM system.tables WHERE database = currentDatabase() AND name = '{SNAPSHOTS}'"):
        return []
    rows = store.query(
        f"SELECT node, number, through, open_day, taken_at FROM {SNAPSHOTS} ORDER BY number DESC LIMIT 1 BY node"
    )
    return [
        Snapshot(node, number, through, open_day, taken_at, shard, place)
        for node, number, through, open_day, taken_at in rows
    ]
