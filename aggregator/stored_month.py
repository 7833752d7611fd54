"""What the store has of the batches of a UTC month: rows and sums per batch, to compare with what they should be."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from aggregator.day_directories import first_of_month, last_of_month
from schema.batch import MAX_CHUNK, Window, batch_number, day_start_ms
from schema.rollups import ROLLUPS, Rollup
from schema.store import Store

_DAY = timedelta(days=1)


class StoredMonth(msgspec.Struct, frozen=True):
    """One node's batches of a UTC month in the store."""

    tables: dict[str, dict[int, tuple[int, ...]]]  # rollup → batch number → rows, and the sum of each measure


def stored_months(store: Store) -> list[date]:
    """Return the months of local days that the store has rows of, and those beside them: batches go by UTC.

    Raises:
        StoreUnavailableError: the store does not answer now.
    """
    found: set[date] = set()
    for rollup in ROLLUPS:
        for (month,) in store.query(f"SELECT DISTINCT toYYYYMM(day) FROM {rollup.name}"):
            first = date(month // 100, month % 100, 1)
            found |= {first_of_month(first - _DAY), first, last_of_month(first) + _DAY}
    return sorted(found)


def read_stored_month(store: Store, node: int, month: date) -> StoredMonth:
    """Return what the store has of the UTC month that begins with the day `month`.

    Raises:
        StoreUnavailableError: the store does not answer now.
    """
    return StoredMonth({rollup.name: _stored(store, rollup, node, month) for rollup in ROLLUPS})


def _stored(store: Store, rollup: Rollup, node: int, month: date) -> dict[int, tuple[int, ...]]:
    next_month = last_of_month(month) + _DAY
    sums = ", ".join(f"sum({name})" for name in rollup.measure_names)
    rows = store.query(
        f"SELECT batch, count(), {sums} FROM {rollup.name} WHERE day BETWEEN {{first:Date}} AND {{last:Date}}"
        " AND batch BETWEEN {low:UInt64} AND {high:UInt64} GROUP BY batch",
        {
            "first": (month - _DAY).isoformat(),
            "last": next_month.isoformat(),
            "low": batch_number(node, Window.of(day_start_ms(month))),
            "high": batch_number(node, Window.of(day_start_ms(next_month) - 1), MAX_CHUNK),
        },
    )
    return {int(batch): tuple(int(figure) for figure in figures) for batch, *figures in rows}
