"""Rows of sums → the answer: metrics, a row for every bucket of time, warnings, and the JSON of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from dashboard.buckets import Bucket, buckets, granularity_of, has_begun, label
from dashboard.query import Comparison, Condition, Query
from dashboard.sql import Statement
from dashboard.vocabulary import Formula
from schema.store import Row

Metric = int | float | None


@dataclass(frozen=True)
class ResultRow:
    """One row: its dimensions as texts, its metrics in the order of the query; None where a ratio has no ground."""

    dimensions: tuple[str, ...]
    metrics: tuple[Metric, ...]


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

    def as_json(self) -> dict[str, Any]:
        """Return the answer in the shape of Plausible's Stats API v2."""
        results = [{"dimensions": list(row.dimensions), "metrics": list(row.metrics)} for row in self.rows]
        return {"results": results, "meta": self._meta(), "query": describe(self.query)}

    def _meta(self) -> dict[str, Any]:
        meta: dict[str, Any] = {}
        if warning := _visitors_warning(self.query):
            meta["metric_warnings"] = {"visitors": warning}
        if self.query.has_time_labels and (granularity := self.query.granularity):
            period = self.query.period
            meta["time_labels"] = [label(bucket, period) for bucket in buckets(period, granularity)]
        if self.total_rows is not None:
            meta["total_rows"] = self.total_rows
        return meta


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


def describe(query: Query) -> dict[str, Any]:
    """Return the query as JSON; asked again, it means the same, with the period as dates."""
    return {
        "site_id": query.site,
        "metrics": list(query.metrics),
        "date_range": [query.period.start.isoformat(), query.period.last.isoformat()],
        "dimensions": list(query.dimensions),
        "filters": [_describe(condition) for condition in query.conditions],
        "order_by": [[order.key, "desc" if order.is_descending else "asc"] for order in query.full_order],
        "pagination": {"limit": query.limit, "offset": query.offset},
        "include": {"imports": False, "time_labels": query.has_time_labels, "total_rows": query.has_total_rows},
    }


def _describe(condition: Condition) -> list[Any]:
    if isinstance(condition, Comparison):
        return [condition.operator.value, condition.dimension, list(condition.values)]
    inner = [_describe(part) for part in condition.conditions]
    return [condition.connective.value, inner[0] if condition.connective == "not" else inner]


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
    return str(value)


def _rank(place: int, row: ResultRow) -> float:
    metric = row.metrics[place]
    return -1 if metric is None else metric


def _visitors_warning(query: Query) -> dict[str, str] | None:
    """Say so where the visitors of several days are added up."""
    if "visitors" not in query.metrics or query.period.days == 1 or query.granularity in ("hour", "day"):
        return None
    return {
        "code": "daily_visitors_added_up",
        "warning": "Visitors are counted per day and added up: someone who came on two days counts twice.",
    }
