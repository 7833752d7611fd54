"""Arrow columns → what clickhouse-driver writes: lists of plain values, made without a Python object for each cell."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.types as kinds


def driver_columns(rows: pa.Table) -> list[list[Any]]:
    """Return each column of `rows` as a list: texts and dates share one object per distinct value, times are seconds.

    Half of the time that a conversion of every cell takes, and equal texts are one object: what the driver makes of
    them for LowCardinality then compares identities.
    """
    return [_values(column.combine_chunks()) for column in rows.columns]


def _values(column: Any) -> list[Any]:
    if isinstance(column, pa.ChunkedArray):  # of no chunk at all
        return list(column.to_pylist())
    if kinds.is_timestamp(column.type):
        return list(column.cast(pa.timestamp("s", column.type.tz)).cast(pa.int64()).to_numpy().tolist())
    if kinds.is_integer(column.type):
        return list(column.to_numpy(zero_copy_only=False).tolist())
    encoded = column if kinds.is_dictionary(column.type) else column.dictionary_encode()
    distinct = np.empty(len(encoded.dictionary), object)
    distinct[:] = encoded.dictionary.to_pylist()
    return list(distinct[encoded.indices.to_numpy(zero_copy_only=False)].tolist())
