"""Rows of sums → the answer: metrics, and a row for every bucket of time. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from dashboard.buckets import Bucket, buckets, granularity_of, has_begun, label
from dashboard.folding import OTHER, OTHER_NAME
from dashboard.formulas import Formula
from dashboard.query import Query
from dashboard.sql import Statement
from schema.store import Row

Metric = int | float | None


@dataclass(frozen=True)
class Change:
    """What a row is compared with: the same of another period, and each metric's change since; points for a rate."""

    dimensions: tuple[str, ...]
    metrics: tuple[Metric, ...]
    changes: tuple[Metric, ...]


@dataclass(frozen=True)
class ResultRow:
    """One row: its dimensions as texts, its metrics in the order of the query; None where a ratio has no ground.

    `is_other` marks the row of all that is too rare to be told.
    """

    dimensions: tuple[str, ...]
    metrics: tuple[Metric, ...]
    is_other: bool = False
    comparison: Change | None = None


@dataclass(frozen=True)
class Answer:
    """What was asked, and the rows that answer it."""

    query: Query
    rows: tuple[ResultRow, ...]
    total_rows: int | None = None

    @property
    def totals(self) -> Mapping[str, Metric]:
        """The metrics of the only row, by name; for a query without dimensions."""
        return dict(zip(self.query.metrics, self.rows[0].metrics, strict=True))


def read_rows(
    query: Query, formulas: Mapping[str, Formula], statement: Statement, rows: Sequence[Row], now_ms: int
) -> tuple[ResultRow, ...]:
    """Return the rows of the answer from those that the store gave for `statement`.

    A query that goes by time alone gets a row for every bucket; `page` then sorts and cuts them.
    """
    width = len(query.dimensions)
    found: list[tuple[Row, Sums]] = [
        (row[:width], dict(zip(statement.measures, row[width:], strict=True))) for row in rows
    ]
    if query.filled:
        found = _fill(query, found, now_ms)
    return tuple(
        ResultRow(
            tuple(_text(query, name, value) for name, value in zip(query.dimensions, key, strict=True)),
            tuple(_metric(formula, sums) for formula in formulas.values()),
            is_other=OTHER in key,
        )
        for key, sums in found
    )


def page(query: Query, filled: Sequence[ResultRow]) -> tuple[ResultRow, ...]:
    """Sort rows that came in order of time, and cut out what was asked for."""
    rows = list(filled)
    for order in reversed(query.full_order):
        if order.key in query.metrics:
            by_metric = partial(_rank, query.metrics.index(order.key))
            rows.sort(key=by_metric, reverse=order.is_descending)
        elif order.is_descending:
            rows.reverse()
    return tuple(rows[query.offset : query.offset + query.limit])


Sums = Mapping[tuple[str, str], int]


def _fill(query: Query, found: Sequence[tuple[Row, Sums]], now_ms: int) -> list[tuple[Row, Sums]]:
    """Add the buckets without a count; those still to come have no row."""
    assert query.granularity is not None  # it goes by time
    begun = (bucket for bucket in buckets(query.period, query.granularity) if has_begun(bucket, query.period, now_ms))
    filled: dict[Row, Sums] = {(bucket,): {} for bucket in begun} | dict(found)
    return sorted(filled.items(), key=lambda item: item[0])


def _metric(formula: Formula, sums: Sums) -> Metric:
    return formula.value(*(sums.get((formula.table, measure), 0) for measure in formula.measures))


def _text(query: Query, dimension: str, value: Bucket | str) -> str:
    if granularity_of(dimension, query.period) and not isinstance(value, str):
        return label(value, query.period)
    return OTHER_NAME if value == OTHER else str(value)


def _rank(place: int, row: ResultRow) -> float:
    metric = row.metrics[place]
    return -1 if metric is None else metric
