"""JSON → Query: the shape of Plausible's Stats API v2, decoded strictly and checked word by word. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from dashboard.formulas import METRICS
from dashboard.patterns import check_pattern
from dashboard.period import (
    LAST_HOURS,
    NAMED,
    Period,
    a_year_before,
    last_hours,
    local_day,
    parse_dates,
    parse_period,
    parse_times,
    previous,
)
from dashboard.query import (
    MAX_LIMIT,
    Combination,
    Comparison,
    Condition,
    Connective,
    Operator,
    Order,
    Query,
    comparisons,
    plan,
)
from dashboard.vocabulary import COLUMNS, DIMENSIONS, TIME, is_dimension, is_prop
from schema.errors import QueryError
from schema.settings import SiteSettings

MAX_DIMENSIONS = 2
MAX_DEPTH = 6  # of conditions inside conditions
MAX_COMPARISONS = 50
MAX_VALUES = 200  # of all comparisons together
MAX_VALUE_LENGTH = 2000
PROPERTIES = "event:props:KEY"
BEHAVIOUR = ("has_done", "has_not_done")
_MAX_QUOTED = 40  # characters of an unknown word


class Pagination(msgspec.Struct, forbid_unknown_fields=True):
    """Which rows of the answer."""

    limit: int = MAX_LIMIT
    offset: int = 0


class Comparisons(msgspec.Struct, forbid_unknown_fields=True):
    """With which period each row is compared; `date_range` is that of mode `custom`."""

    mode: Literal["previous_period", "year_over_year", "custom"]
    date_range: list[str] = []
    match_day_of_week: bool = False


class Modifiers(msgspec.Struct, forbid_unknown_fields=True):
    """The fourth part of a filter."""

    case_sensitive: bool = True


class Include(msgspec.Struct, forbid_unknown_fields=True):
    """What else to tell; `imports` is accepted and means nothing here."""

    imports: bool = False
    time_labels: bool = False
    total_rows: bool = False
    comparisons: Comparisons | None = None


class Question(msgspec.Struct, forbid_unknown_fields=True):
    """The JSON as it comes: well-formed, but not yet understood."""

    site_id: str
    metrics: list[str]
    date_range: str | list[str]
    dimensions: list[str] = []
    filters: list[Any] = []
    order_by: list[tuple[str, str]] = []
    pagination: Pagination = msgspec.field(default_factory=Pagination)
    include: Include = msgspec.field(default_factory=Include)


_decoder = msgspec.json.Decoder(Question)


def decode_question(body: bytes) -> Question:
    """Return the question in `body`.

    Raises:
        QueryError: not JSON, or not of this shape.
    """
    try:
        return _decoder.decode(body)
    except msgspec.ValidationError as error:
        problem, _, place = str(error).partition(" - at `$.")
        if not place and problem.startswith("Expected `object`"):
            raise QueryError("body", "must be a JSON object") from None
        raise QueryError(place.rstrip("`") or "body", problem) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise QueryError("body", "is not the JSON of a query") from None


def read_question(question: Question, site: SiteSettings, now_ms: int, min_count: int = 0) -> Query:
    """Return the query that `question` asks about `site`; values of fewer than `min_count` people are folded.

    Raises:
        QueryError: a word in it is unknown, or the counts cannot answer it.
    """
    period = _period(question.date_range, site, now_ms)
    query = Query(
        site=site.domain,
        period=period,
        metrics=_known("metrics", question.metrics, METRICS),
        dimensions=_dimensions(question.dimensions),
        conditions=tuple(_condition(condition, 1) for condition in question.filters),
        order=_order(question),
        limit=_between("pagination.limit", question.pagination.limit, 1, MAX_LIMIT),
        offset=_between("pagination.offset", question.pagination.offset, 0, 2**31),
        has_time_labels=question.include.time_labels,
        has_total_rows=question.include.total_rows,
        compared=_compared(question.include.comparisons, period, now_ms),
        min_count=min_count,
    )
    _check(query)
    return query


def _check(query: Query) -> None:
    if not query.metrics:
        raise QueryError("metrics", f"asks for none; there are {', '.join(METRICS)}")
    if query.has_time_labels and query.granularity is None:
        raise QueryError("include.time_labels", f"needs one of the dimensions {', '.join(TIME)}")
    if query.compared and len(set(query.dimensions) & set(TIME)) < len(query.dimensions) and query.granularity:
        raise QueryError("include.comparisons", "compares rows by time alone, or rows without time")
    found = list(comparisons(query.conditions))
    if len(found) > MAX_COMPARISONS or sum(len(comparison.values) for comparison in found) > MAX_VALUES:
        raise QueryError("filters", f"compares too much: {MAX_COMPARISONS} comparisons and {MAX_VALUES} values at most")
    plan(query)


def _period(date_range: str | list[str], site: SiteSettings, now_ms: int) -> Period:
    zone = ZoneInfo(site.timezone)
    if date_range == LAST_HOURS:
        return last_hours(now_ms, zone)
    if isinstance(date_range, str):
        if date_range not in NAMED:
            names = ", ".join((*NAMED, LAST_HOURS))
            raise QueryError("date_range", f"is none of {names}, and not two dates [from, to]")
        return parse_period(date_range, local_day(now_ms, zone), zone)
    return _custom("date_range", date_range, zone)


def _custom(field: str, date_range: list[str], zone: ZoneInfo) -> Period:
    if len(date_range) != 2:
        raise QueryError(field, "takes two dates: [from, to]")
    parse = parse_times if any("T" in text for text in date_range) else parse_dates
    try:
        return parse(date_range[0], date_range[1], zone)
    except QueryError as error:
        raise QueryError(field, error.problem) from None


def _compared(asked: Comparisons | None, period: Period, now_ms: int) -> Period | None:
    if asked is None:
        return None
    field = "include.comparisons"
    if asked.match_day_of_week:
        raise QueryError(f"{field}.match_day_of_week", "is not counted: compare with a custom period")
    if (asked.mode == "custom") != bool(asked.date_range):
        raise QueryError(f"{field}.date_range", "goes with mode custom, and only with it")
    if asked.mode == "custom":
        return _custom(f"{field}.date_range", asked.date_range, period.zone)
    earlier = previous(period, now_ms) if asked.mode == "previous_period" else a_year_before(period)
    if earlier is None:
        raise QueryError(field, "there is no such period before date_range")
    return earlier


def _dimensions(names: list[str]) -> tuple[str, ...]:
    dimensions = _known("dimensions", names, (*DIMENSIONS, PROPERTIES), is_dimension)
    if len(dimensions) > MAX_DIMENSIONS:
        raise QueryError("dimensions", f"takes {MAX_DIMENSIONS} at most")
    if len(set(dimensions) & set(TIME)) > 1:
        raise QueryError("dimensions", "takes one of time at most")
    return dimensions


def _order(question: Question) -> tuple[Order, ...]:
    asked = (*question.metrics, *question.dimensions)
    keys = _known("order_by", [key for key, _ in question.order_by], asked)
    directions = _known_words("order_by", [direction for _, direction in question.order_by], ("asc", "desc"))
    return tuple(Order(key, direction == "desc") for key, direction in zip(keys, directions, strict=True))


def _condition(condition: Any, depth: int) -> Condition:
    if depth > MAX_DEPTH:
        raise QueryError("filters", f"are nested more than {MAX_DEPTH} deep")
    match condition:
        case ["and" | "or" as connective, [_, *_] as inner]:
            return Combination(Connective(connective), tuple(_condition(part, depth + 1) for part in inner))
        case ["not", [*_] as inner]:
            return Combination(Connective.NOT, (_condition(inner, depth + 1),))
        case [str(operator), *_] if operator in BEHAVIOUR:
            raise QueryError("filters", f"{operator} cannot be told: counts do not say what else a visitor did")
        case [str(operator), str(dimension), [_, *_] as values] if operator in tuple(Operator):
            return _comparison(Operator(operator), dimension, values, {})
        case [str(operator), str(dimension), [_, *_] as values, dict(modifiers)] if operator in tuple(Operator):
            return _comparison(Operator(operator), dimension, values, modifiers)
    raise QueryError(
        "filters",
        f'takes [operator, dimension, [value, …]] with {", ".join(Operator)}, or ["and" | "or", [filter, …]],'
        ' or ["not", filter]',
    )


def _comparison(operator: Operator, dimension: str, values: list[Any], modifiers: dict[str, Any]) -> Comparison:
    _known_words("filters", [dimension], (*COLUMNS, PROPERTIES), lambda word: word in COLUMNS or is_prop(word))
    try:
        is_case_sensitive = msgspec.convert(modifiers, Modifiers).case_sensitive
    except msgspec.ValidationError:
        raise QueryError("filters", 'takes one modifier, {"case_sensitive": true or false}') from None
    if modifiers and operator.startswith("matches"):
        raise QueryError("filters", "case_sensitive goes with is and contains; in a pattern, write (?i)")
    return Comparison(operator, dimension, _values(values, operator), is_case_sensitive)


def _values(values: list[Any], operator: Operator) -> tuple[str, ...]:
    if not all(isinstance(value, str) and len(value) <= MAX_VALUE_LENGTH for value in values):
        raise QueryError("filters", f"compares with texts of at most {MAX_VALUE_LENGTH} characters")
    if operator in (Operator.CONTAINS, Operator.CONTAINS_NOT) and "" in values:
        raise QueryError("filters", "every text contains the empty one; compare with a longer one")
    if operator in (Operator.MATCHES, Operator.MATCHES_NOT):
        for pattern in values:
            check_pattern("filters", pattern)
    return tuple(values)


def _known(
    field: str, words: list[str], known: tuple[str, ...], is_known: Callable[[str], bool] | None = None
) -> tuple[str, ...]:
    if len(set(words)) < len(words):
        raise QueryError(field, "names one twice")
    return _known_words(field, words, known, is_known)


def _known_words(
    field: str, words: list[str], known: tuple[str, ...], is_known: Callable[[str], bool] | None = None
) -> tuple[str, ...]:
    for number, word in enumerate(words, start=1):
        if not (is_known(word) if is_known else word in known):
            raise QueryError(field, f"{_quote(word, number)} is unknown; ask for one of {', '.join(known)}")
    return tuple(words)


def _quote(word: str, number: int) -> str:
    """The word, cut to a length that can be repeated; by its number where it cannot be."""
    if not word.isprintable():
        return f"number {number}"
    return f"'{word}'" if len(word) <= _MAX_QUOTED else f"'{word[:_MAX_QUOTED]}…'"


def _between(field: str, value: int, low: int, high: int) -> int:
    if not low <= value <= high:
        raise QueryError(field, f"goes from {low} to {high}")
    return value
