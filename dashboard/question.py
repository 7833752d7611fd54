"""JSON → Query: the shape of Plausible's Stats API v2, decoded strictly and checked word by word. Pure."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from dashboard.period import Period, local_day, parse_dates, parse_period
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
from dashboard.vocabulary import COLUMNS, DIMENSIONS, METRICS, TIME
from schema.errors import QueryError
from schema.settings import SiteSettings

MAX_DIMENSIONS = 2
MAX_DEPTH = 6  # of conditions inside conditions
MAX_COMPARISONS = 50
MAX_VALUES = 200  # of all comparisons together
MAX_VALUE_LENGTH = 2000
_MAX_QUOTED = 40  # characters of an unknown word


class Pagination(msgspec.Struct, forbid_unknown_fields=True):
    """Which rows of the answer."""

    limit: int = MAX_LIMIT
    offset: int = 0


class Include(msgspec.Struct, forbid_unknown_fields=True):
    """What else to tell; `imports` is accepted and means nothing here."""

    imports: bool = False
    time_labels: bool = False
    total_rows: bool = False


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


def read_question(question: Question, site: SiteSettings, now_ms: int) -> Query:
    """Return the query that `question` asks about `site`.

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
    )
    _check(query)
    return query


def _check(query: Query) -> None:
    if not query.metrics:
        raise QueryError("metrics", f"asks for none; there are {', '.join(METRICS)}")
    if query.has_time_labels and query.granularity is None:
        raise QueryError("include.time_labels", f"needs one of the dimensions {', '.join(TIME)}")
    found = list(comparisons(query.conditions))
    if len(found) > MAX_COMPARISONS or sum(len(comparison.values) for comparison in found) > MAX_VALUES:
        raise QueryError("filters", f"compares too much: {MAX_COMPARISONS} comparisons and {MAX_VALUES} values at most")
    plan(query)


def _period(date_range: str | list[str], site: SiteSettings, now_ms: int) -> Period:
    zone = ZoneInfo(site.timezone)
    if isinstance(date_range, str):
        return parse_period(date_range, local_day(now_ms, zone), zone)
    if len(date_range) != 2:
        raise QueryError("date_range", "takes two dates: [from, to]")
    first, last = date_range
    return parse_dates(first, last, zone)


def _dimensions(names: list[str]) -> tuple[str, ...]:
    dimensions = _known("dimensions", names, DIMENSIONS)
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
        case [str(operator), str(dimension), [_, *_] as values] if operator in tuple(Operator):
            _known_words("filters", [dimension], tuple(COLUMNS))
            return Comparison(Operator(operator), dimension, _values(values, Operator(operator)))
    raise QueryError(
        "filters",
        f'takes [operator, dimension, [value, …]] with {", ".join(Operator)}, or ["and" | "or", [filter, …]],'
        ' or ["not", filter]',
    )


def _values(values: list[Any], operator: Operator) -> tuple[str, ...]:
    if not all(isinstance(value, str) and len(value) <= MAX_VALUE_LENGTH for value in values):
        raise QueryError("filters", f"compares with texts of at most {MAX_VALUE_LENGTH} characters")
    if operator in (Operator.CONTAINS, Operator.CONTAINS_NOT) and "" in values:
        raise QueryError("filters", "every text contains the empty one; compare with a longer one")
    return tuple(values)


def _known(field: str, words: list[str], known: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(words)) < len(words):
        raise QueryError(field, "names one twice")
    return _known_words(field, words, known)


def _known_words(field: str, words: list[str], known: tuple[str, ...]) -> tuple[str, ...]:
    for number, word in enumerate(words, start=1):
        if word not in known:
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
