"""The question: a typed query, and how its metrics are counted, or why they cannot be. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from dashboard.buckets import Granularity, count_buckets, granularity_of
from dashboard.period import Period
from dashboard.vocabulary import ACTIVE_VISITORS, COLUMNS, METRICS, PEOPLE, SCOPES, SITE, Formula, Scope
from schema.errors import QueryError

MAX_LIMIT = 10_000


class Operator(StrEnum):
    """How a dimension is compared with values; one that matches is enough."""

    IS = "is"
    IS_NOT = "is_not"
    CONTAINS = "contains"
    CONTAINS_NOT = "contains_not"


class Connective(StrEnum):
    """How conditions are put together; `not` takes one."""

    AND = "and"
    OR = "or"
    NOT = "not"


@dataclass(frozen=True)
class Comparison:
    """A condition on one dimension."""

    operator: Operator
    dimension: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Combination:
    """A condition made of others."""

    connective: Connective
    conditions: tuple[Condition, ...]


Condition = Comparison | Combination


@dataclass(frozen=True)
class Order:
    """One key to sort by: a metric or dimension of the query."""

    key: str
    is_descending: bool


@dataclass(frozen=True)
class Query:
    """A question about one site; all of `conditions` have to hold."""

    site: str
    period: Period
    metrics: tuple[str, ...]
    dimensions: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    order: tuple[Order, ...] = ()  # empty: time ascending, else the first metric descending
    limit: int = MAX_LIMIT
    offset: int = 0
    has_time_labels: bool = False
    has_total_rows: bool = False
    min_count: int = 0  # rows with fewer people are folded into one

    @property
    def granularity(self) -> Granularity | None:
        """Of its time dimension, if there is one."""
        found = (granularity_of(dimension, self.period) for dimension in self.dimensions)
        return next((granularity for granularity in found if granularity), None)

    @property
    def filled(self) -> bool:
        """Whether it goes by time alone, so that the answer has a row for every bucket."""
        return len(self.dimensions) == 1 and self.granularity is not None

    @property
    def full_order(self) -> tuple[Order, ...]:
        """What to sort by, down to the last tie."""
        order = self.order or self._default_order()
        named = {key.key for key in order}
        return (*order, *(Order(dimension, False) for dimension in self.dimensions if dimension not in named))

    def _default_order(self) -> tuple[Order, ...]:
        times = tuple(Order(name, False) for name in self.dimensions if granularity_of(name, self.period))
        return times or (Order(self.metrics[0], True),)


def plan(query: Query) -> dict[str, Formula]:
    """Return how each metric of `query` is counted.

    Raises:
        QueryError: the counts cannot tell one of them (says which ones they can), or it has too many buckets of time.
    """
    period, granularity = query.period, query.granularity
    if granularity and not period.is_unbounded and count_buckets(period, granularity) > MAX_LIMIT:
        raise QueryError("date_range", f"is too long for {granularity}s: ask for longer ones")
    formulas: dict[str, Formula] = {}
    for metric in query.metrics:
        formula = _formula(metric, query)
        if isinstance(formula, str):
            raise QueryError("metrics", f"{metric}: {formula}. {_instead(query)}")
        formulas[metric] = formula
    return formulas


def answerable(query: Query) -> tuple[str, ...]:
    """Return all metrics that could be asked with the dimensions and filters of `query`."""
    return tuple(metric for metric in METRICS if isinstance(_formula(metric, query), Formula))


def comparisons(conditions: tuple[Condition, ...]) -> Iterator[Comparison]:
    """Yield every comparison in `conditions`, at any depth."""
    for condition in conditions:
        if isinstance(condition, Comparison):
            yield condition
        else:
            yield from comparisons(condition.conditions)


def _instead(query: Query) -> str:
    """What can be asked instead: other metrics, or else fewer filters."""
    if metrics := answerable(query):
        return f"What can be asked here: {', '.join(metrics)}"
    return "Take a dimension or filter away"


def _formula(metric: str, query: Query) -> Formula | str:
    """How `metric` is counted, or the reason why it is not."""
    asked = _asked(query)
    scope = next((scope for scope in SCOPES if asked & set(scope.dimensions)), SITE)
    formula = scope.formulas.get(metric)
    if formula is None:
        return f"it is not counted per {scope.subject}"
    if metric == "visitors" and query.granularity is Granularity.HOUR:
        if scope is not SITE:
            return "by the hour, visitors are counted for the site as a whole only"
        formula = ACTIVE_VISITORS
    if strangers := sorted(name for name in asked if formula.table not in COLUMNS[name]):
        return f"it is not counted with {' and '.join(strangers)} there"
    if metric in PEOPLE and scope.unit:
        return _one_unit(scope, query, asked) or formula
    return formula


def _one_unit(scope: Scope, query: Query, asked: set[str]) -> str:
    """Empty if each row is about one page, or one event; else why that matters."""
    if scope.subject == "event" and "event:page" in asked:
        return "people are counted once per event, wherever they did it"
    single = {
        condition.dimension
        for condition in query.conditions
        if isinstance(condition, Comparison) and condition.operator is Operator.IS and len(condition.values) == 1
    }
    if set(scope.unit) & (single | set(query.dimensions)):
        return ""
    return (
        f"people are counted once per {scope.subject}, and adding up several would count some twice; ask with the"
        f" dimension {scope.unit[0]}, or filter for a single one"
    )


def _asked(query: Query) -> set[str]:
    filtered = {comparison.dimension for comparison in comparisons(query.conditions)}
    return (set(query.dimensions) | filtered) & set(COLUMNS)
