"""The rows of one rollup ↔ the bytes of its Parquet file. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from aggregator.chunks import arrow_schema
from schema.rollups import BY_NAME

_FINAL_LEVEL = 19


def decode_parquet(content: bytes, table: str, *, encoded: bool = False) -> pa.Table:
    """Return the rows of one rollup's file, in one thread: files are small, and whoever reads them has other work."""
    schema = arrow_schema(BY_NAME[table])
    texts = [field.name for field in schema if field.type == pa.string()] if encoded else None
    rows = pq.ParquetFile(pa.BufferReader(content), read_dictionary=texts).read(use_threads=False)
    if texts:
        for name in texts:
            where = schema.get_field_index(name)
            schema = schema.set(where, rows.schema.field(name))
    return rows.cast(schema)


def encode_parquet(rows: pa.Table | Iterable[pa.Table], *, is_final: bool = False) -> bytes:
    """Return `rows`, one group or several, as a Parquet file: the same bytes for the same, with nothing in it but them.

    What is final is to be small: texts as dictionaries, instants and batch numbers by their differences, counts byte by
    byte, the high ones of which are mostly zero. A window's file is gone after a day: that is to be quick to write.
    """
    sink = pa.BufferOutputStream()
    groups = iter([rows] if isinstance(rows, pa.Table) else rows)
    group = next(groups)
    with pq.ParquetWriter(sink, group.schema, **_options(group.schema, is_final)) as writer:
        while group is not None:
            writer.write_table(group)
            group = None  # let go of it before the next one is read
            group = next(groups, None)
    return bytes(sink.getvalue())


def _options(schema: pa.Schema, is_final: bool) -> dict[str, Any]:
    options: dict[str, Any] = {"write_statistics": False, "store_schema": False}
    if not is_final:
        return options | {"compression": "lz4"}
    encodings = {field.name: _encoding(field) for field in schema if not _is_text(field.type)}
    texts = [field.name for field in schema if _is_text(field.type)]
    small = {"compression": "zstd", "compression_level": _FINAL_LEVEL}
    return options | small | {"use_dictionary": texts, "column_encoding": encodings}


def _encoding(field: pa.Field) -> str:
    is_instant = pa.types.is_temporal(field.type) or field.name == "batch"
    return "DELTA_BINARY_PACKED" if is_instant else "BYTE_STREAM_SPLIT"


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_dictionary(kind))
