"""The archive as DataFrames, for analysts. It only reads files: safe while Footfall runs, and without it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa

from aggregator.archive import Archive
from aggregator.chunks import arrow_schema, rows_of_chunks
from aggregator.day_directories import first_of_month
from schema.rollups import BY_NAME

_ANY_NODE = 0


def read(table: str, data_dir: str | Path = "data", *, start: date = date.min, end: date = date.max) -> pd.DataFrame:
    """Return the archived rows of one rollup for UTC days from `start` up to, not including, `end`.

    Rows of equal key may occur several times, once per batch: add the measures up, that is what they are made for.
    Visits still open are not in it.

    Raises:
        ValueError: there is no such table.
        ArchiveDamagedError: a file is not as it was written.
    """
    if table not in BY_NAME:
        raise ValueError(f"there is no table {table!r}: choose one of {', '.join(BY_NAME)}")
    archive = Archive(Path(data_dir) / "archive", _ANY_NODE)
    days = [day for day in archive.days() if start <= day and first_of_month(day) < end]
    schema = arrow_schema(BY_NAME[table])
    tables = _tables(archive, days, table, start, end)
    rows: pd.DataFrame = pa.concat_tables([schema.empty_table(), *tables]).to_pandas()
    return rows


def _tables(archive: Archive, days: list[date], table: str, start: date, end: date) -> Iterator[pa.Table]:
    for day in days:
        manifests, problems = archive.manifests(day)
        if problems:
            raise problems[0]
        for manifest in manifests:
            chunks = manifest.tables[table].chunks if table in manifest.tables else ()
            wanted = [chunk for chunk in chunks if start <= chunk.window.day < end]
            if wanted:
                yield rows_of_chunks(archive.read(manifest, table), wanted)
