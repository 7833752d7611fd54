"""Rows of counts with known sums, straight into the real store."""

import datetime as dt
import itertools
from typing import Any

import pyarrow as pa

from schema.live import SNAPSHOTS, create_live_tables, live_table
from schema.rollups import BY_NAME
from schema.store import Store

SITE = "example.com"
TYPES = {
    "text": pa.string(),
    "Date": pa.date32(),
    "DateTime('UTC')": pa.timestamp("s", "UTC"),
    "UInt32": pa.uint32(),
    "UInt64": pa.uint64(),
    "Int64": pa.int64(),
}


def row(**columns: Any) -> dict[str, Any]:
    """A row for RowWriter: what is not given is empty or 0; `at` is its hour in UTC, which also gives the day."""
    return columns


class RowWriter:
    """Writes rows of rollups into the store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._numbers = itertools.count()

    def add(self, rollup: str, *rows: dict[str, Any], table: str = "") -> None:
        """Insert `rows` into `rollup`, or into another table of its columns."""
        full = [self._row(rollup, **row) for row in rows]
        columns = BY_NAME[rollup].columns
        arrays = {c.name: pa.array([row[c.name] for row in full], TYPES[c.type]) for c in columns}
        self.store.insert(table or rollup, pa.table(arrays), f"q{next(self._numbers)}")

    def add_live(self, rollup: str, node: int, slot: str, *rows: dict[str, Any]) -> None:
        """Insert `rows` into a live slot."""
        self.add(rollup, *rows, table=live_table(node, slot, rollup))

    def snapshot(self, node: int, number: int, through: int, open_day: dt.date) -> None:
        """Announce a live snapshot."""
        create_live_tables(self.store, node)
        self.store.execute(
            f"INSERT INTO {SNAPSHOTS} SELECT {node}, {number}, {through}, toDate('{open_day.isoformat()}'), 0"
        )

    def empty_slot(self, node: int, slot: str) -> None:
        """What a node does before it fills a slot anew."""
        for rollup in BY_NAME:
            self.store.execute(f"TRUNCATE TABLE {live_table(node, slot, rollup)}")

    def _row(self, rollup: str, *, at: str = "2026-03-10 09:00", site: str = SITE, **given: Any) -> dict[str, Any]:
        hour = dt.datetime.fromisoformat(at).replace(tzinfo=dt.UTC)
        defaults = {c.name: "" if c.type == "text" else 0 for c in BY_NAME[rollup].columns}
        unknown = set(given) - set(defaults)
        assert not unknown, unknown
        return {**defaults, "site": site, "day": hour.date(), "hour": hour, "batch": 1, **given}
