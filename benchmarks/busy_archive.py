"""The archive of a busy site, day by day: counts made up inside of an engine, in files as a closed day has them."""

from __future__ import annotations

import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from aggregator.archive import Archive
from benchmarks.busy_site import FIRST, TABLES, fill_days
from schema import migrate
from schema.rollups import BY_NAME, TEXT, Rollup
from schema.store_embedded import EmbeddedStore


def make_busy_archive(root: Path, pageviews: int, days: int) -> None:
    """Write what a site with `pageviews` a year, and small ones beside it, leave in so many days of a month."""
    assert days <= 31, "FIRST is a first of January"
    archive = Archive(root, 1)
    with tempfile.TemporaryDirectory(prefix="footfall-busy-") as directory:
        store = EmbeddedStore(Path(directory))
        migrate.apply(store)
        fill_days(store, FIRST, days, pageviews)
        for day in (FIRST + timedelta(days=n) for n in range(days)):
            file = Path(directory) / day.isoformat()
            archive.write_day(day, {table: _counts(store, BY_NAME[table], day, file) for table in TABLES})
        store.close()


def _counts(store: EmbeddedStore, rollup: Rollup, day: date, file: Path) -> dict[str, Any]:
    """Read a day's rows of one table, in the order of its key, as a roll-up has them."""
    columns = [column for column in rollup.columns if column.name != "batch"]
    names = ", ".join(column.name for column in columns)
    path = file.with_suffix(f".{rollup.name}")
    store.execute(
        f"SELECT {names} FROM {rollup.name} WHERE day = '{day}' ORDER BY {', '.join(rollup.key_names)}"
        f" INTO OUTFILE '{path}' FORMAT Parquet SETTINGS output_format_parquet_string_as_string = 1"
    )
    rows = pq.read_table(path)
    return {column.name: _values(rows[column.name].combine_chunks(), column.type) for column in columns}


def _values(values: pa.Array, kind: str) -> Any:
    if kind == TEXT:
        return pd.Categorical(values.to_pandas())
    if pa.types.is_timestamp(values.type):
        values = values.cast(pa.timestamp("s", "UTC"))
    whole = pa.int32() if pa.types.is_date(values.type) else pa.int64()
    return values.cast(whole).to_numpy(zero_copy_only=False).astype(np.int64)
