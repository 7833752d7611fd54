"""The answer as JSON, in the shape of Plausible's Stats API v2: rows, warnings, the query as understood. Pure."""

from __future__ import annotations

from typing import Any

from dashboard.answer import Answer, Metric, ResultRow
from dashboard.buckets import buckets, label
from dashboard.folding import OTHER_NAME
from dashboard.formulas import CURRENCY, REVENUE
from dashboard.period import Period
from dashboard.query import Combination, Comparison, Condition, Query
from schema.currencies import EXPONENTS


def as_json(answer: Answer) -> dict[str, Any]:
    """Return the answer; asked again, its `query` means the same."""
    return {
        "results": [_row(answer.query, row) for row in answer.rows],
        "meta": _meta(answer),
        "query": describe(answer.query),
    }


def _row(query: Query, row: ResultRow) -> dict[str, Any]:
    shown: dict[str, Any] = {"dimensions": list(row.dimensions), "metrics": metrics_of(query, row)}
    if row.is_other:
        shown["is_other"] = True
    if row.comparison:
        earlier = ResultRow(row.comparison.dimensions, row.comparison.metrics)
        shown["comparison"] = {
            "dimensions": list(earlier.dimensions),
            "metrics": metrics_of(query, earlier),
            "change": list(row.comparison.changes),
        }
    return shown


def metrics_of(query: Query, row: ResultRow) -> list[Any]:
    """Return the row's metrics, amounts of money as objects."""
    return [
        money(value, currency_of(query, row)) if name in REVENUE and value is not None else value
        for name, value in zip(query.metrics, row.metrics, strict=True)
    ]


def money(minor_units: Metric, currency: str) -> dict[str, Any]:
    """Return an amount as Plausible does: in whole units, and as text."""
    exponent = EXPONENTS.get(currency, 0)
    value = (minor_units or 0) / 10**exponent
    text = f"{value:,.{exponent}f} {currency}".strip()
    return {"value": value, "currency": currency, "short": text, "long": text}


def currency_of(query: Query, row: ResultRow) -> str:
    """Return the one currency that the row is about."""
    if CURRENCY in query.dimensions:
        return row.dimensions[query.dimensions.index(CURRENCY)]
    every = (*query.segment, *query.conditions)
    wanted = (found for found in every if isinstance(found, Comparison) and found.dimension == CURRENCY)
    return next((comparison.values[0] for comparison in wanted), "")


def _meta(answer: Answer) -> dict[str, Any]:
    query = answer.query
    meta: dict[str, Any] = {}
    if warning := _visitors_warning(query):
        meta["metric_warnings"] = {"visitors": warning}
    if query.has_time_labels and (granularity := query.granularity):
        meta["time_labels"] = [label(bucket, query.period) for bucket in buckets(query.period, granularity)]
    if answer.total_rows is not None:
        meta["total_rows"] = answer.total_rows
    if query.is_folded:
        meta["folded"] = {
            "min_count": query.min_count,
            "warning": f"What fewer than {query.min_count} people had in common on a day, and all of the day that is"
            f" not over, is in {OTHER_NAME}.",
        }
    return meta


def describe(query: Query) -> dict[str, Any]:
    """Return the query as JSON; asked again, it means the same, with the period as dates."""
    include: dict[str, Any] = {
        "imports": False,
        "time_labels": query.has_time_labels,
        "total_rows": query.has_total_rows,
    }
    if query.compared:
        include["comparisons"] = {"mode": "custom", "date_range": _dates(query.compared)}
    return {
        "site_id": query.site,
        "metrics": list(query.metrics),
        "date_range": _dates(query.period),
        "dimensions": list(query.dimensions),
        "filters": [_describe(condition) for condition in query.conditions],
        "order_by": [[order.key, "desc" if order.is_descending else "asc"] for order in query.full_order],
        "pagination": {"limit": query.limit, "offset": query.offset},
        "include": include,
    }


def _dates(period: Period) -> list[str]:
    if period.since is None and period.until is None:
        return [period.start.isoformat(), period.last.isoformat()]
    return [instant.isoformat() for instant in period.instants]


def _describe(condition: Condition) -> list[Any]:
    if isinstance(condition, Comparison):
        modifiers = [] if condition.is_case_sensitive else [{"case_sensitive": False}]
        return [condition.operator.value, condition.dimension, list(condition.values), *modifiers]
    assert isinstance(condition, Combination)  # there are two kinds
    inner = [_describe(part) for part in condition.conditions]
    return [condition.connective.value, inner[0] if condition.connective == "not" else inner]


def _visitors_warning(query: Query) -> dict[str, str] | None:
    """Say so where the visitors of several days are added up."""
    if "visitors" not in query.metrics or query.period.days == 1 or query.granularity in ("hour", "day"):
        return None
    return {
        "code": "daily_visitors_added_up",
        "warning": "Visitors are counted per day and added up: someone who came on two days counts twice.",
    }
