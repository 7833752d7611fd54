from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from aggregator import chunks
from aggregator.chunks import arrow_schema, cut_chunks, rows_of_chunks, to_arrow
from aggregator.key_columns import Counts
from schema.batch import Window, batch_number
from schema.rollups import REJECTIONS, ROLLUPS, Rollup
from support.embedded import shared_store

WINDOW = Window(5_900_000)
APRIL, MAY = (date(2026, 4, 30) - date(1970, 1, 1)).days, (date(2026, 5, 1) - date(1970, 1, 1)).days


def rejections(*rows: tuple[str, int, int], repeat: int = 1) -> Counts:
    """Counts of rejected hits by site, day and hits."""
    sites, days, hits = zip(*rows * repeat, strict=True)
    return {
        "site": pd.Categorical(sites),
        "day": np.array(days),
        "hour": np.zeros(len(hits), np.int64),
        "reason": pd.Categorical(["bot"] * len(hits)),
        "hits": np.array(hits),
    }


def test_a_small_table_of_one_month_is_one_chunk() -> None:
    table, found = cut_chunks(REJECTIONS, rejections(("a", APRIL, 1), ("b", APRIL - 1, 2)), 7, WINDOW)
    assert table["batch"].to_pylist() == [batch_number(7, WINDOW)] * 2
    (chunk,) = found
    assert (chunk.rows, chunk.sums, chunk.month, chunk.window) == (2, {"hits": 3}, (2026, 4), WINDOW)
    assert (chunk.first_day, chunk.last_day) == (date(2026, 4, 29), date(2026, 4, 30))


def test_each_month_has_a_chunk_of_its_own() -> None:
    table, found = cut_chunks(
        REJECTIONS, rejections(("a", APRIL, 1), ("a", MAY, 2), ("b", APRIL, 4), ("b", MAY, 8)), 7, WINDOW
    )
    assert [(chunk.batch & 0xFFFF, chunk.month, chunk.sums["hits"]) for chunk in found] == [
        (0, (2026, 4), 5),
        (1, (2026, 5), 10),
    ]
    assert table["hits"].to_pylist() == [1, 4, 2, 8]


def test_a_chunk_is_never_larger_than_an_insert_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "MAX_CHUNK_ROWS", 3)
    table, found = cut_chunks(REJECTIONS, rejections(("a", APRIL, 1), ("a", MAY, 1), repeat=5), 7, WINDOW)
    assert [chunk.rows for chunk in found] == [3, 2, 3, 2]
    assert [chunk.batch & 0xFFFF for chunk in found] == [0, 1, 2, 3]
    assert rows_of_chunks(table, found[1:3])["day"].to_pylist() == [date(2026, 4, 30)] * 2 + [date(2026, 5, 1)] * 3


def test_a_count_that_does_not_fit_its_type_is_an_error() -> None:
    with pytest.raises(pa.ArrowInvalid):
        to_arrow(REJECTIONS, rejections(("a", APRIL, 2**32)), 0)


@pytest.mark.parametrize("rollup", ROLLUPS, ids=lambda rollup: rollup.name)
def test_the_store_takes_every_rollups_types(rollup: Rollup) -> None:
    schema = arrow_schema(rollup)
    edges: dict[object, Sequence[object]] = {
        pa.string(): ["", "é"],
        pa.date32(): [date(2026, 4, 30), date(2026, 4, 30)],
        pa.timestamp("s", "UTC"): [0, 1_777_000_000],
        pa.uint32(): [0, 2**32 - 1],
        pa.uint64(): [0, 2**64 - 1],
        pa.int64(): [-(2**63), 2**63 - 1],
    }
    rows = pa.table([pa.array(edges[field.type], field.type) for field in schema], schema)
    names = ", ".join(name if name != "hour" else "toUnixTimestamp(hour)" for name in schema.names)
    with shared_store() as store:
        store.insert(rollup.name, rows, "q")
        found = store.query(f"SELECT {names} FROM {rollup.name} ORDER BY batch")
    hours = rows["hour"].cast(pa.int64())
    assert found == list(
        zip(*(hours.to_pylist() if n == "hour" else rows[n].to_pylist() for n in schema.names), strict=True)
    )
