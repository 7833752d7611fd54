"""What a reader of the store sees: the batches that the newest snapshots complement, and the snapshots."""

from __future__ import annotations

from collections import defaultdict

from schema.live import live_table, newest_snapshots
from schema.rollups import ROLLUPS
from schema.store import Store
from support.counts import without_zeros
from support.oracle import Counts


def visible_counts(store: Store) -> Counts:
    """All counts now, as schema/live.py says they are to be read."""
    snapshots = newest_snapshots(store)
    condition = " AND ".join(
        f"(day < '{s.open_day}' OR batch <= {s.through} OR bitShiftRight(batch, 52) != {s.node})" for s in snapshots
    )
    counts: Counts = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    for rollup in ROLLUPS:
        names = ", ".join(name if name != "hour" else "toUnixTimestamp(hour)" for name in rollup.key_names)
        sums = ", ".join(f"sum({name})" for name in rollup.measure_names)
        sources = [f"{rollup.name} WHERE {condition or '1'}"]
        sources += [live_table(s.node, s.slot, rollup.name) for s in snapshots]
        for source in sources:
            for row in store.query(f"SELECT {names}, {sums} FROM {source} GROUP BY {', '.join(rollup.key_names)}"):
                key, figures = row[: len(rollup.key)], row[len(rollup.key) :]
                for name, figure in zip(rollup.measure_names, figures, strict=True):
                    counts[rollup.name][key][name] += figure
    return without_zeros(counts)
