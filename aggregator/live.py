"""Writes the live snapshot as schema/live.py describes it: fill the slot not in use, then say so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol, runtime_checkable

from aggregator.chunks import to_arrow
from aggregator.rollup import Tables
from schema.batch import MAX_CHUNK, Window, batch_number
from schema.errors import RetryError, StoreUnavailableError
from schema.live import SNAPSHOTS, Snapshot, create_live_tables, live_table, newest_snapshots
from schema.rollups import BY_NAME, ROLLUPS
from schema.store import Store

_BATCH = 0  # rows of a snapshot belong to no batch


@runtime_checkable
class Replicated(Protocol):
    """A store of which several servers hold the same counts, but live tables each its own."""

    def current(self) -> Sequence[Store]:
        """Return the servers that answer and lack no batch."""


class Writer(Protocol):
    """Whoever writes a node's snapshots."""

    def write(self, tables: Tables, through: Window, open_day: date, now_ms: int) -> Snapshot:
        """Show `tables`; see LiveWriter."""


def live_writer(store: Store, node: int) -> Writer:
    """Return what writes the snapshots of `node` to `store`."""
    return ReplicatedLiveWriter(store, node) if isinstance(store, Replicated) else LiveWriter(store, node)


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


class ReplicatedLiveWriter:
    """The only writer of its node's snapshots, to each replica by itself: each has its own count of them.

    A replica that lacks batches is left out: it goes on showing the snapshot and the batches that it has.
    """

    def __init__(self, store: Replicated, node: int) -> None:
        self._store = store
        self._node = node
        self._writers: dict[str, LiveWriter] = {}

    def write(self, tables: Tables, through: Window, open_day: date, now_ms: int) -> Snapshot:
        """Show `tables` on every replica that can; see LiveWriter.

        Raises:
            StoreUnavailableError: shown on none.
        """
        shown: Snapshot | None = None
        trouble = StoreUnavailableError("no replica can show what is open")
        for replica in self._store.current():
            writer = self._writers.setdefault(replica.place, LiveWriter(replica, self._node))
            try:
                shown = writer.write(tables, through, open_day, now_ms)
            except RetryError as error:
                trouble = StoreUnavailableError(str(error))
        if shown is None:
            raise trouble
        return shown
