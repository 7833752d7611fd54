"""Closed visits → one frame of added-up counts per rollup and window, as schema/rollups.py declares them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aggregator.rows import Closed, rows_of
from aggregator.texts import Texts
from schema.batch import Window
from schema.rollups import BY_NAME, TEXT, Rollup

# Rollup name → frame with its key columns and measures, sorted by key, keys unique, no row without a count; empty
# ones are left out. Texts are texts, `day` is days since the epoch, `hour` seconds since the epoch.
Tables = Mapping[str, pd.DataFrame]


def roll_up(closed: Closed) -> dict[Window, Tables]:
    """Return the tables of each window that has any, in order of time."""
    by_window: dict[Window, dict[str, pd.DataFrame]] = {}
    for name, rows in rows_of(closed).items():
        counts = add_up(BY_NAME[name], rows, closed.texts)
        windows = counts.pop("window")
        for index in windows.unique().tolist():
            by_window.setdefault(Window(index), {})[name] = counts[windows == index]
    return dict(sorted(by_window.items()))


def add_up(rollup: Rollup, rows: pd.DataFrame, texts: Texts) -> pd.DataFrame:
    """Return `rows` with those of equal window and key added up, sorted by window and key; a missing measure is 0."""
    names = [column.name for column in rollup.key if column.type == TEXT]
    alphabet, positions = texts.alphabet(rows[names].to_numpy(np.int32))
    keys = {name: rows[name].to_numpy() for name in ("window", *rollup.key_names)}
    keys |= {name: positions[keys[name]] for name in names}
    order = np.lexsort(list(keys.values())[::-1])
    keys = {name: column[order] for name, column in keys.items()}
    starts = np.flatnonzero(_is_new(list(keys.values())))
    sums = {name: np.add.reduceat(_measure(rows, name)[order], starts) for name in rollup.measure_names}
    has_count = np.any(list(sums.values()), axis=0)
    columns = {name: column[starts][has_count] for name, column in keys.items()}
    letters = pd.array(alphabet, dtype="str")
    texts_of = {name: letters.take(columns[name]) for name in names}
    return pd.DataFrame(columns | texts_of | {name: column[has_count] for name, column in sums.items()})


def merge(parts: Sequence[Tables]) -> Tables:
    """Return the rows of all `parts`; rows of equal key may stay apart."""
    names = {name: None for tables in parts for name in tables}
    return {name: pd.concat([tables[name] for tables in parts if name in tables]) for name in names}


def _is_new(keys: Sequence[NDArray[np.int64]]) -> NDArray[np.bool_]:
    """Return for each row of the sorted columns `keys` whether it differs from the one before."""
    is_new = np.zeros(len(keys[0]), np.bool_)
    is_new[:1] = True
    for column in keys:
        is_new[1:] |= column[1:] != column[:-1]
    return is_new


def _measure(rows: pd.DataFrame, name: str) -> NDArray[np.int64]:
    return rows[name].to_numpy(np.int64) if name in rows else np.zeros(len(rows), np.int64)
