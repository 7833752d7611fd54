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


def to_arrow(rollup: Rollup, counts: pd.DataFrame, batch: NDArray[np.uint64] | int) -> pa.Table:
    """Return `counts` with the types of the store and the column `batch`.

    Raises:
        pyarrow.ArrowInvalid: a count does not fit its type.
    """
    schema = arrow_schema(rollup)
    columns = zip(_columns(rollup, counts, batch), schema, strict=True)
    return pa.table([column.cast(field.type) for column, field in columns], schema)


def to_encoded_arrow(rollup: Rollup, counts: pd.DataFrame, batch: NDArray[np.uint64] | int) -> pa.Table:
    """Return the same with texts as dictionaries, which Parquet files have anyway: what is used, in order."""
    names = [column.name for column in rollup.columns]
    return pa.table(_columns(rollup, counts, batch), names)


def _columns(rollup: Rollup, counts: pd.DataFrame, batch: NDArray[np.uint64] | int) -> list[pa.Array]:
    columns = []
    for field in arrow_schema(rollup):
        if field.name == "batch":
            columns.append(pa.array(np.full(len(counts), batch, np.uint64)))
        elif field.type == pa.string():
            columns.append(_dictionary(counts[field.name]))
        elif field.type == pa.date32():
            columns.append(pa.array(counts[field.name].to_numpy(np.int32)).cast(field.type))
        else:
            columns.append(pa.array(counts[field.name].to_numpy(np.int64)).cast(field.type))
    return columns


def _dictionary(texts: pd.Series) -> pa.DictionaryArray:
    """Return `texts` with a dictionary that depends on nothing but them."""
    texts = texts.astype("category") if texts.dtype != "category" else texts
    codes, alphabet = texts.cat.codes.to_numpy(), texts.cat.categories
    is_used = np.zeros(len(alphabet), np.bool_)
    is_used[codes] = True
    places = (np.cumsum(is_used) - 1).astype(np.int32)
    return pa.DictionaryArray.from_arrays(places[codes], pa.array(alphabet[is_used], pa.string()))


def cut_chunks(rollup: Rollup, counts: pd.DataFrame, node: int, window: Window) -> tuple[pa.Table, list[Chunk]]:
    """Return `counts` by month, then key, with the batch number of each row's chunk, and the figures of each chunk."""
    months = _months(counts)
    order = np.argsort(months, kind="stable")
    numbers = _chunk_numbers(months[order])
    table = to_encoded_arrow(rollup, counts.iloc[order], numbers + np.uint64(batch_number(node, window)))
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


def _months(counts: pd.DataFrame) -> NDArray[np.int64]:
    return counts["day"].to_numpy().astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def _chunk_numbers(months: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return the chunk number of each row: a new one at each new month, and after MAX_CHUNK_ROWS."""
    in_month = pd.Series(months).groupby(months).cumcount().to_numpy()
    return (np.cumsum(in_month % MAX_CHUNK_ROWS == 0) - 1).astype(np.uint64)
