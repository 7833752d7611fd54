"""A window's tables of counts → Arrow tables in numbered chunks: each fits one month partition and one insert."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import pairwise

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from aggregator.key_columns import Counts
from schema.batch import Window, batch_number, batch_window
from schema.rollups import COUNT, DAY, HOUR, MONEY, TEXT, TOTAL, Rollup

MAX_CHUNK_ROWS = 500_000

_ARROW_TYPES = {
    TEXT: pa.string(),
    DAY: pa.date32(),
    HOUR: pa.timestamp("s", "UTC"),
    COUNT: pa.uint32(),
    TOTAL: pa.uint64(),  # and BATCH
    MONEY: pa.int64(),
}


class Chunk(msgspec.Struct, frozen=True):
    """The figures of the rows of one batch number in one table: what the store must hold of it, no more, no less."""

    batch: int
    first_day: date  # local days; both are in one month
    last_day: date
    rows: int
    sums: dict[str, int]  # of each measure

    @property
    def month(self) -> tuple[int, int]:
        """Year and month: the partition."""
        return self.first_day.year, self.first_day.month

    @property
    def window(self) -> Window:
        """The window whose batch it is part of."""
        return batch_window(self.batch)


def arrow_schema(rollup: Rollup) -> pa.Schema:
    """Return the names and types of a rollup's columns, `batch` included."""
    return pa.schema([(column.name, _ARROW_TYPES[column.type]) for column in rollup.columns])


def to_arrow(rollup: Rollup, counts: Counts, batch: NDArray[np.uint64] | int) -> pa.Table:
    """Return `counts` with the types of the store and the column `batch`.

    Raises:
        pyarrow.ArrowInvalid: a count does not fit its type.
    """
    schema = arrow_schema(rollup)
    columns = zip(_columns(rollup, counts, batch), schema, strict=True)
    return pa.table([column.cast(field.type) for column, field in columns], schema)


def to_encoded_arrow(rollup: Rollup, counts: Counts, batch: NDArray[np.uint64] | int) -> pa.Table:
    """Return the same with texts as dictionaries, which Parquet files have anyway: what is used, in order."""
    names = [column.name for column in rollup.columns]
    return pa.table(_columns(rollup, counts, batch), names)


def _columns(rollup: Rollup, counts: Counts, batch: NDArray[np.uint64] | int) -> list[pa.Array]:
    columns = []
    texts = _Dictionaries()
    for field in arrow_schema(rollup):
        if field.name == "batch":
            columns.append(pa.array(np.full(len(counts["day"]), batch, np.uint64)))
        elif field.type == pa.string():
            columns.append(texts.encoded(counts[field.name]))
        elif field.type == pa.date32():
            columns.append(pa.array(np.asarray(counts[field.name], np.int32)).cast(field.type))
        else:
            columns.append(pa.array(np.asarray(counts[field.name], np.int64)).cast(field.type))
    return columns


class _Dictionaries:
    """Columns of texts → Arrow dictionaries that depend on nothing but the texts of each column."""

    def __init__(self) -> None:
        self._letters: dict[int, tuple[pd.Index, pa.Array]] = {}  # by identity: most columns share an alphabet

    def encoded(self, texts: pd.Categorical) -> pa.DictionaryArray:
        """Return `texts` with a dictionary of those that occur, in order."""
        letters, codes = self._arrow(texts.categories), texts.codes
        is_used = np.zeros(len(letters), np.bool_)
        is_used[codes] = True
        used = np.flatnonzero(is_used)
        places = np.empty(len(letters), np.int32)
        places[used] = np.arange(len(used), dtype=np.int32)
        return pa.DictionaryArray.from_arrays(places[codes], letters.take(pa.array(used)))

    def _arrow(self, alphabet: pd.Index) -> pa.Array:
        if id(alphabet) not in self._letters:
            self._letters[id(alphabet)] = alphabet, pa.array(alphabet, pa.string())
        return self._letters[id(alphabet)][1]


def cut_chunks(rollup: Rollup, counts: Counts, node: int, window: Window) -> tuple[pa.Table, list[Chunk]]:
    """Return `counts` by month, then key, with the batch number of each row's chunk, and the figures of each chunk."""
    months = _months(counts)
    if (months[1:] < months[:-1]).any():
        order = np.argsort(months, kind="stable")
        counts, months = {name: column[order] for name, column in counts.items()}, months[order]
    numbers = _chunk_numbers(months)
    table = to_encoded_arrow(rollup, counts, numbers + np.uint64(batch_number(node, window)))
    edges = [*np.unique(numbers, return_index=True)[1].tolist(), len(numbers)]
    slices = [table.slice(start, end - start) for start, end in pairwise(edges)]
    return table, [figures(rollup, rows) for rows in slices]


def figures(rollup: Rollup, rows: pa.Table) -> Chunk:
    """Return the figures of `rows`, which are all of one batch number."""
    days = pc.min_max(rows["day"]).as_py()
    return Chunk(
        batch=rows["batch"][0].as_py(),
        first_day=days["min"],
        last_day=days["max"],
        rows=rows.num_rows,
        sums={name: pc.sum(rows[name]).as_py() for name in rollup.measure_names},
    )


def rows_of_chunks(table: pa.Table, chunks: Sequence[Chunk]) -> pa.Table:
    """Return the rows of `table`, which are sorted by batch, that belong to `chunks`."""
    if sum(chunk.rows for chunk in chunks) == table.num_rows:
        return table
    return table.filter(pc.is_in(table["batch"], pa.array([chunk.batch for chunk in chunks], pa.uint64())))


def _months(counts: Counts) -> NDArray[np.int64]:
    days = counts["day"]
    first, last = (int(_month(day)) for day in (days.min(), days.max()))
    return np.full(len(days), first) if first == last else _month(days)


def _month(day: NDArray[np.int64]) -> NDArray[np.int64]:
    return day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def _chunk_numbers(months: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return the chunk number of each row, rows being by month: a new one for each month, and after MAX_CHUNK_ROWS."""
    starts = np.flatnonzero(np.diff(months, prepend=months[:1] - 1))
    in_month = np.arange(len(months)) - starts.repeat(np.diff(starts, append=len(months)))
    return (np.cumsum(in_month % MAX_CHUNK_ROWS == 0) - 1).astype(np.uint64)
