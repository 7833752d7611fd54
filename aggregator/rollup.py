"""Closed visits → one frame of added-up counts per rollup and window, as schema/rollups.py declares them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aggregator.columns import Columns, height
from aggregator.key_columns import KeyColumns, combined, grouped_names
from aggregator.rows import Closed, rows_of
from schema.batch import Window
from schema.rollups import BY_NAME, Rollup

# Rollup name → frame with its key columns and measures, sorted by key, keys unique, no row without a count; empty
# ones are left out. Texts are categories, `day` is days since the epoch, `hour` seconds since the epoch.
Tables = Mapping[str, pd.DataFrame]


def roll_up(closed: Closed) -> dict[Window, Tables]:
    """Return the tables of each window that has any, in order of time."""
    by_window: dict[Window, dict[str, pd.DataFrame]] = {}
    if not (height(closed.hits) or height(closed.rejected)):
        return {}
    rows = rows_of(closed)
    keys = KeyColumns(rows.values(), closed.vocabulary)
    for name, frame in rows.items():
        for index, counts in _by_window(add_up(BY_NAME[name], frame, keys)):
            by_window.setdefault(Window(index), {})[name] = counts
    return dict(sorted(by_window.items()))


def add_up(rollup: Rollup, rows: Columns, keys: KeyColumns) -> pd.DataFrame:
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
    columns |= {name: column[has_count] for name, column in sums.items()}
    names = pd.Index(list(columns), dtype=object)  # plain names: a window's columns are looked up one by one
    return pd.DataFrame(columns, columns=names, copy=False)


def merge(parts: Sequence[Tables]) -> Tables:
    """Return the rows of all `parts`; rows of equal key may stay apart."""
    names = {name: None for tables in parts for name in tables}
    return {name: pd.concat([tables[name] for tables in parts if name in tables]) for name in names}


def _by_window(counts: pd.DataFrame) -> Iterator[tuple[int, pd.DataFrame]]:
    """Yield the rows of each window."""
    windows = counts.pop("window").to_numpy()
    starts = np.flatnonzero(np.diff(windows, prepend=-1))
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(windows)], strict=False):
        yield int(windows[start]), counts.iloc[start:end]


def _sums(rows: Columns, measure: str, order: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the total of each group of rows."""
    if measure not in rows:
        return np.zeros(len(starts), np.int64)
    return np.add.reduceat(rows[measure].astype(np.int64)[order], starts)
