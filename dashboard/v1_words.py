"""The words of the older Stats API: query parameters → Question. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import msgspec

from dashboard.period import NAMED
from dashboard.query import MAX_LIMIT, Query
from dashboard.question import MAX_VALUE_LENGTH, Comparisons, Include, Pagination, Question, read_question
from schema.errors import QueryError
from schema.settings import SiteSettings

DEFAULT_METRICS = "visitors"
DEFAULT_PERIOD = "30d"
PAGE_LIMIT = 100
MAX_PAGE = 100_000
INTERVALS = {"hour": "time:hour", "date": "time:day", "day": "time:day", "week": "time:week", "month": "time:month"}
PARAMETERS = (
    "site_id", "period", "date", "metrics", "filters", "property", "interval", "limit", "page", "compare",
    "with_imported", "share",
)  # fmt: skip

_FILTER = re.compile(r"([^=!~]+)(==|!=|~|!~)(.+)", re.DOTALL)
_AND = re.compile(r"(?<!\\);")
_OR = re.compile(r"(?<!\\)\|")
_ESCAPED = re.compile(r"\\([|;\\])")

Parameters = Mapping[str, str]


def read_parameters(
    parameters: Parameters, dimensions: list[str], site: SiteSettings, now_ms: int, min_count: int
) -> Query:
    """Return the query that `parameters` ask, by `dimensions`.

    Raises:
        QueryError: names the parameter.
    """
    metrics = [metric.strip() for metric in parameters.get("metrics", DEFAULT_METRICS).split(",")]
    limit = read_number(parameters, "limit", PAGE_LIMIT, MAX_LIMIT)
    number = read_number(parameters, "page", 1, MAX_PAGE)
    question = Question(
        site_id=site.domain,
        metrics=metrics,
        date_range=date_range_of(parameters, site, now_ms),
        dimensions=dimensions,
        filters=read_filters(parameters.get("filters", "")),
        pagination=Pagination(limit, limit * (number - 1)),
        include=Include(comparisons=_compared(parameters)),
    )
    return read_question(question, site, now_ms, min_count)


def check_known(parameters: Parameters) -> None:
    """Return if there is a parameter of each name.

    Raises:
        QueryError: there is none.
    """
    for name in parameters:
        if name not in PARAMETERS:
            field = name if name.isidentifier() and len(name) <= 40 else "parameters"
            raise QueryError(field, f"is unknown; there are {', '.join(PARAMETERS)}")


def read_number(parameters: Parameters, name: str, default: int, most: int) -> int:
    """Return a whole number from 1 to `most`.

    Raises:
        QueryError: it is none.
    """
    text = parameters.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) <= 9 and 1 <= int(text) <= most):
        raise QueryError(name, f"goes from 1 to {most}")
    return int(text)


def read_filters(text: str) -> list[Any]:
    """Return the filters of `event:page==/a|/b;visit:source!=x` as those of the newer API; * is any part of a value.

    The newer API's own, as JSON, are taken too: they alone can compare with every text.

    Raises:
        QueryError: one is not like that.
    """
    if text.startswith("["):
        return _decode_filters(text)
    return [_filter(part.strip()) for part in _AND.split(text) if part.strip()]


def _decode_filters(text: str) -> list[Any]:
    try:
        return msgspec.json.decode(text, type=list[Any])
    except (msgspec.DecodeError, RecursionError):
        raise QueryError("filters", "is not JSON, though it begins like it") from None


def date_range_of(parameters: Parameters, site: SiteSettings, now_ms: int) -> str | list[str]:
    """Return the date range of `period` and `date`.

    Raises:
        QueryError: there is no such period, or no such date.
    """
    period, day = parameters.get("period", DEFAULT_PERIOD), parameters.get("date", "")
    if period == "custom":
        return day.split(",")
    if period not in NAMED:
        raise QueryError("period", f"is none of {', '.join((*NAMED, 'custom'))}")
    if not day:
        return period
    try:
        last = date.fromisoformat(day)
        first, last = NAMED[period](last)
        if period == "month":
            last = (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    except (ValueError, OverflowError):
        raise QueryError("date", "has to be like 2026-03-31 (YYYY-MM-DD)") from None
    return [first.isoformat(), last.isoformat()]


def interval_of(parameters: Parameters) -> str:
    """Return the dimension of time that a series goes by.

    Raises:
        QueryError: there is no such interval.
    """
    interval = parameters.get("interval", "")
    if interval and interval not in INTERVALS:
        raise QueryError("interval", f"is none of {', '.join(INTERVALS)}")
    return INTERVALS.get(interval, "time")


def _compared(parameters: Parameters) -> Comparisons | None:
    mode = parameters.get("compare", "")
    if mode == "previous_period":
        return Comparisons("previous_period")
    if mode == "year_over_year":
        return Comparisons("year_over_year")
    if mode:
        raise QueryError("compare", "is none of previous_period, year_over_year")
    return None


def _filter(text: str) -> list[Any]:
    match = _FILTER.fullmatch(text)
    if match is None or len(text) > MAX_VALUE_LENGTH * 10:
        raise QueryError("filters", "takes dimension==value|value;dimension!=value, with * for any part of a value")
    dimension, sign, value = match.groups()
    values = [part for part in _OR.split(value) if part]
    if not values:
        raise QueryError("filters", "compares with one value at least")
    is_wild = any("*" in part for part in values) and "~" not in sign
    operator = "matches_wildcard" if is_wild else "contains" if "~" in sign else "is"
    suffix = "_not" if sign.startswith("!") else ""
    return [f"{operator}{suffix}", dimension.strip(), [_ESCAPED.sub(r"\1", part) for part in values]]
