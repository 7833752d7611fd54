"""Writes the live snapshot as schema/live.py describes it: fill the slot not in use, then say so."""

from __future__ import annotations

from datetime import date

from aggregator.chunks import to_arrow
from aggregator.rollup import Tables
from schema.batch import MAX_CHUNK, Window, batch_number
from schema.live import SNAPSHOTS, Snapshot, create_live_tables, live_table, newest_snapshots
from schema.rollups import BY_NAME, ROLLUPS
from schema.store import Store

_BATCH = 0  # rows of a snapshot belong to no batch


class LiveWriter:
    """The only writer of its node's snapshots."""

    def __init__(self, store: Store, node: int) -> None:
        self._store = store
        self._node = node
        self._number: int | None = None

    def write(self, tables: Tables, through: Window, open_day: date, now_ms: int) -> Snapshot:
        """Show `tables`, the counts of what is open, beside all batches up to the window `through`.

        Raises:
            StoreUnavailableError: not shown; the snapshot before is still whole.
        """
        number, self._number = self._next_number(), None  # after a failure, ask again which slot is in use
        last_batch = batch_number(self._node, through, MAX_CHUNK)
        snapshot = Snapshot(self._node, number, last_batch, open_day, now_ms)
        for rollup in ROLLUPS:
            name = live_table(self._node, snapshot.slot, rollup.name)
            self._store.execute(f"TRUNCATE TABLE {name}")
            if rollup.name in tables:
                rows = to_arrow(BY_NAME[rollup.name], tables[rollup.name], _BATCH)
                self._store.insert(name, rows, f"footfall-{name}")
        self._store.execute(
            f"INSERT INTO {SNAPSHOTS} SELECT {self._node}, {number}, {last_batch}, toDate('{open_day}'), {now_ms}"
        )
        self._number = number
        return snapshot

    def _next_number(self) -> int:
        """Return one more than the last snapshot of this node, whoever took it; at first, create the tables."""
        if self._number is None:
            create_live_tables(self._store, self._node)
            taken = [snapshot.number for snapshot in newest_snapshots(self._store) if snapshot.node == self._node]
            self._number = max(taken, default=0)
        return self._number + 1
