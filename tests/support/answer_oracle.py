"""An independent answer to any question: plain loops over the rows that the independent count makes of the hits."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dashboard.countries import country_names
from schema.rollups import BY_NAME
from support.oracle import Oracle

Row = Mapping[str, Any]
Test = Callable[[Callable[[str], str]], bool]  # given what finds a dimension's value, whether a row counts

FINE = ("region", "city", "city_name", "browser_version", "os_version", "language", "screen")
_PLAIN = {
    "event:page": "path",
    "event:hostname": "hostname",
    "event:name": "name",
    "event:goal": "name",
    "event:currency": "currency",
    "visit:entry_page": "entry_path",
    "visit:exit_page": "exit_path",
    "rejection:reason": "reason",
}
_EVENT = ("event:name", "event:goal", "event:currency")
_RATIOS: Mapping[str, tuple[str, str, float, int]] = {
    "views_per_visit": ("pageviews", "visits", 1, 2),
    "bounce_rate": ("bounces", "visits", 100, 0),
    "visit_duration": ("duration_seconds", "visits", 1, 0),
    "exit_rate": ("exits", "pageviews", 100, 1),
    "time_on_page": ("engaged_ms", "visits", 0.001, 0),
    "scroll_depth": ("scroll_depth_sum", "scroll_depth_count", 1, 0),
    "average_revenue": ("revenue", "events", 1, 0),
}


@dataclass
class AnswerOracle:
    """Answers about one site from `oracle`'s rows."""

    oracle: Oracle
    site: str

    def rows(self, table: str) -> Iterable[Row]:
        """The site's rows of a rollup, as dictionaries."""
        names = BY_NAME[table].key_names
        for key, measures in self.oracle.counts.get(table, {}).items():
            if key[0] == self.site:
                yield defaultdict(int, zip(names, key, strict=True)) | measures

    def ask(self, metric: str, dimensions: tuple[str, ...], asked: set[str], test: Test) -> dict[tuple[str, ...], Any]:
        """Dimension values → the metric; `asked` are all dimensions, of filters too."""
        table = _table(metric, asked)
        sums: dict[tuple[str, ...], dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for row in self.rows(table):
            if table == "audience" and row["dimension"] != _fine(asked):
                continue
            if table == "event_props" and row["key"] != _prop(asked):
                continue

            def find(dimension: str, row: Row = row) -> str:
                return _value(table, dimension, row)

            if test(find):
                for measure in BY_NAME[table].measure_names:
                    sums[tuple(map(find, dimensions))][measure] += row.get(measure, 0)
        if not dimensions and not sums:
            sums[()] = defaultdict(int)
        return {key: _metric(metric, table, measured) for key, measured in sums.items()}


def _table(metric: str, asked: set[str]) -> str:
    if asked & {"rejection:reason"} or metric == "rejected":
        return "rejections"
    if _prop(asked):
        return "event_props"
    if asked & set(_EVENT):
        return "events"
    if asked & {"event:page", "event:hostname"}:
        return "events" if metric == "events" else "pageviews"
    if _fine(asked):
        return "audience"
    if metric in ("entries", "exits"):
        return "pageviews"
    if not asked & {"visit:entry_page", "visit:exit_page"} and metric in ("pageviews", "events"):
        return metric
    return "visits"


def _prop(asked: set[str]) -> str:
    return next((name.removeprefix("event:props:") for name in asked if name.startswith("event:props:")), "")


def _fine(asked: set[str]) -> str:
    names = {name.removeprefix("visit:") for name in asked}
    if names & {"city", "city_name"}:
        return "city"
    return next((name for name in FINE if name in names), "")


def _value(table: str, dimension: str, row: Row) -> str:
    if dimension == "time:day":
        return str(row["day"])
    if dimension == "time:month":
        return f"{row['day']:%Y-%m}-01"
    if dimension.startswith("event:props:"):
        return str(row["value"])
    name = dimension.removeprefix("visit:")
    if table == "audience":
        return _of_audience(name, row)
    if name == "country_name":
        return country_names().get(row["country"], row["country"])
    return str(row[_PLAIN.get(dimension, name)])


def _of_audience(name: str, row: Row) -> str:
    is_city = row["dimension"] == "city"
    country = row["parent"].partition("-")[0]
    if name == "country":
        return country
    if name == "country_name":
        return country_names().get(country, country)
    if name == "region" and is_city:
        return row["parent"] if "-" in row["parent"] else ""
    return row["parent"] if name in ("browser", "os") else str(row["value"])


def _metric(metric: str, table: str, sums: Mapping[str, int]) -> Any:
    if metric == "bounce_rate" and table == "pageviews":
        return _ratio(sums["bounces"], sums["entries"], 100, 0)
    if metric in _RATIOS:
        part, whole, factor, decimals = _RATIOS[metric]
        return _ratio(sums[part], sums[whole], factor, decimals)
    return sums[{"rejected": "hits", "total_revenue": "revenue"}.get(metric, metric)]


def _ratio(part: int, whole: int, factor: float, decimals: int) -> Any:
    return round(factor * part / whole, decimals or None) if whole else None


# What each operator means, one value at a time.
_HOLDS: Mapping[str, Callable[[str, str], bool]] = {
    "is": lambda found, value: found == value,
    "contains": lambda found, value: value in found,
    "matches": lambda found, value: re.search(value, found, re.DOTALL) is not None,
    "matches_wildcard": lambda found, value: (
        re.fullmatch(".*".join(re.escape(part) for part in value.split("*")), found, re.DOTALL) is not None
    ),
}


def meaning_of(condition: list[Any]) -> Test:
    """Return what a filter in the API's notation means."""
    match condition:
        case ["and", list(inner)]:
            tests = [meaning_of(part) for part in inner]
            return lambda find: all(test(find) for test in tests)
        case ["or", list(inner)]:
            tests = [meaning_of(part) for part in inner]
            return lambda find: any(test(find) for test in tests)
        case ["not", list(inner)]:
            test = meaning_of(inner)
            return lambda find: not test(find)
    operator, dimension, values, *modifiers = condition
    is_folded = bool(modifiers) and not modifiers[0]["case_sensitive"]
    holds = _HOLDS[operator.removesuffix("_not")]

    def compare(find: Callable[[str], str]) -> bool:
        found = find(dimension)
        pairs = [(found.lower(), value.lower()) if is_folded else (found, value) for value in values]
        return any(holds(*pair) for pair in pairs) != operator.endswith("_not")

    return compare
