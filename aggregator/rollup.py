"""Closed visits → added-up counts per rollup and window, as schema/rollups.py declares them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from pandas.api.types import union_categoricals

from aggregator.columns import Columns, height
from aggregator.key_columns import Counts, KeyColumns, combined, grouped_names
from aggregator.rows import Closed, rows_of
from schema.batch import Window
from schema.rollups import BY_NAME, Rollup

# Rollup name → its key columns and measures, sorted by key, keys unique, no row without a count; empty ones are left
# out. `day` is days since the epoch, `hour` seconds since the epoch.
Tables = Mapping[str, Counts]


def roll_up(closed: Closed) -> dict[Window, Tables]:
    """Return the tables of each window that has any, in order of time."""
    by_window: dict[Window, dict[str, Counts]] = {}
    if not (height(closed.hits) or height(closed.rejected)):
        return {}
    rows = rows_of(closed)
    keys = KeyColumns(rows.values(), closed.vocabulary)
    for name, frame in rows.items():
        for index, counts in _by_window(add_up(BY_NAME[name], frame, keys)):
            by_window.setdefault(Window(index), {})[name] = counts
    return dict(sorted(by_window.items()))


def add_up(rollup: Rollup, rows: Columns, keys: KeyColumns) -> Counts:
    """Return `rows` with those of equal window and key added up, sorted by window and key; a missing measure is 0."""
    ranks = keys.ranks(rows, ["window", *grouped_names(rollup.key_names)])
    whole = combined(list(ranks.values()))
    order = np.argsort(whole)
    whole = whole[order]
    starts = np.flatnonzero(np.append(np.ones(min(1, len(whole)), np.bool_), whole[1:] != whole[:-1]))
    sums = {name: _sums(rows, name, order, starts) for name in rollup.measure_names}
    has_count = np.any(list(sums.values()), axis=0)
    chosen = order[starts[has_count]]
    columns = keys.columns({name: column[chosen] for name, column in ranks.items()})
    return columns | {name: column[has_count] for name, column in sums.items()}


def merge(parts: Sequence[Tables]) -> Tables:
    """Return the rows of all `parts`; rows of equal key may stay apart."""
    names = {name: None for tables in parts for name in tables}
    return {name: _joined([tables[name] for tables in parts if name in tables]) for name in names}


def _joined(parts: Sequence[Counts]) -> Counts:
    """Return the rows of all parts; their texts may have different alphabets."""
    joined: Counts = {}
    for name, first in parts[0].items():
        columns = [part[name] for part in parts]
        joined[name] = np.concatenate(columns) if isinstance(first, np.ndarray) else union_categoricals(columns)
    return joined


def _by_window(counts: Counts) -> Iterator[tuple[int, Counts]]:
    """Yield the rows of each window."""
    windows = counts.pop("window")
    starts = np.flatnonzero(np.diff(windows, prepend=-1))
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(windows)], strict=False):
        yield int(windows[start]), {name: column[start:end] for name, column in counts.items()}


def _sums(rows: Columns, measure: str, order: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the total of each group of rows."""
    if measure not in rows:
        return np.zeros(len(starts), np.int64)
    return np.add.reduceat(rows[measure].astype(np.int64)[order], starts)
