"""The question: a typed query, and how its metrics are counted, or why they cannot be. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dashboard.buckets import Granularity, count_buckets, granularity_of
from dashboard.filters import Combination, Comparison, Condition, Connective, Operator, comparisons
from dashboard.folding import Fold, fold_of
from dashboard.formulas import (
    ACTIVE_VISITORS,
    CURRENCY,
    METRICS,
    NAME,
    OF_VISITS,
    PEOPLE,
    REVENUE,
    SCOPES,
    SHARES,
    SITE,
    VISIT_ENDS,
    Formula,
    Scope,
    audience_scope,
    prop_scope,
)
from dashboard.period import Period
from dashboard.vocabulary import AUDIENCE, TIME, is_prop, table_of
from schema.errors import QueryError

__all__ = [
    "MAX_LIMIT", "Combination", "Comparison", "Condition", "Connective", "Operator", "Order", "Query", "answerable",
    "comparisons", "plan", "whole_of",
]  # fmt: skip

MAX_LIMIT = 10_000


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
    compared: Period | None = None  # each row is compared with this period
    min_count: int = 0  # rows of a day with fewer people are folded into one; see folding.py
    segment: tuple[Condition, ...] = ()  # what it is about in place of the whole site; always holds, and never folded

    @property
    def asked(self) -> frozenset[str]:
        """All dimensions that it is about, but for time."""
        return self.folded | {comparison.dimension for comparison in comparisons(self.segment)}

    @property
    def folded(self) -> frozenset[str]:
        """Those that it tells apart inside of its segment: they are folded, if any are."""
        filtered = {comparison.dimension for comparison in comparisons(self.conditions)}
        return frozenset((set(self.dimensions) | filtered) - set(TIME))

    @property
    def is_folded(self) -> bool:
        """Whether rare values do not stand for themselves in it."""
        return self.min_count > 1 and bool(self.folded)

    @property
    def fold(self) -> Fold | None:
        """How its dimensions are cut into cells, on a table that knows its segment too; None: they cannot be."""
        known = {comparison.dimension for comparison in comparisons(self.segment)}
        single = {name for condition in self.segment if (name := _pinned_by(condition))}
        return fold_of(self.folded, known, single)

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
        counted = next((name for name in self.metrics if name != "group_conversion_rate"), None)
        return times or ((Order(counted, True),) if counted else ())


def plan(query: Query) -> dict[str, Formula]:
    """Return how each metric of `query` is counted.

    Raises:
        QueryError: the counts cannot tell one of them (says which ones they can), or it has too many buckets of time.
    """
    period, granularity = query.period, query.granularity
    if granularity and not period.is_unbounded and count_buckets(period, granularity) > MAX_LIMIT:
        raise QueryError("date_range", f"is too long for {granularity}s: ask for longer ones")
    for key in query.order:
        if key.key == "group_conversion_rate":
            raise QueryError("order_by", "group_conversion_rate is worked out row by row: sort by another metric")
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


def _instead(query: Query) -> str:
    """What can be asked instead: other metrics, or else fewer filters."""
    if metrics := answerable(query):
        return f"What can be asked here: {', '.join(metrics)}"
    return "Take a dimension or filter away"


def _formula(metric: str, query: Query) -> Formula | str:
    """How `metric` is counted, or the reason why it is not."""
    if metric in SHARES:
        return _share(metric, query)
    asked = query.asked
    scope = _scope(asked)
    if isinstance(scope, str):
        return scope
    formula = scope.formulas.get(metric)
    if formula is None:
        return f"it is not counted per {scope.subject}"
    if query.min_count > 1 and scope is SITE and query.granularity is not Granularity.HOUR:
        formula = OF_VISITS.get(metric, formula)  # one table, so that the rows of every panel add up to it
    if metric == "visitors" and query.granularity is Granularity.HOUR:
        if scope is not SITE:
            return "by the hour, visitors are counted for the site as a whole only"
        formula = ACTIVE_VISITORS
    if strangers := sorted(name for name in asked if name not in table_of(formula.table).columns):
        return f"it is not counted with {' and '.join(strangers)} there"
    return _part_of_day(metric, query) or _one_unit(metric, scope, query) or _too_rare(metric, query) or formula


def _scope(asked: frozenset[str]) -> Scope | str:
    """What kind of question it is, or why it is none."""
    props = sorted(filter(is_prop, asked))
    if len(props) > 1:
        return "properties of events are counted one at a time"
    if props:
        return prop_scope(props[0])
    found = next((scope for scope in SCOPES if asked & set(scope.dimensions)), None)
    if found is None and (fine := next((name for name in AUDIENCE if asked & {name, f"{name}_name"}), None)):
        return audience_scope(fine)
    return found or (VISIT_ENDS if asked & set(VISIT_ENDS.dimensions) else SITE)


def _part_of_day(metric: str, query: Query) -> str:
    """Empty unless it asks who came on a part of a day."""
    if metric not in PEOPLE[:1] or query.period.since is None or query.granularity is Granularity.HOUR:
        return ""
    return "visitors are counted once a day, so of a part of a day they are known by time:hour only"


def _one_unit(metric: str, scope: Scope, query: Query) -> str:
    """Empty if each row is about one page, or one event, or one currency; else why that matters."""
    single = _pinned(query)
    if metric in REVENUE:
        if CURRENCY in single:
            return ""
        return f"amounts of several currencies do not add up; ask with the dimension {CURRENCY}, or filter for one"
    if metric not in PEOPLE:
        return ""
    if scope.units[:1] == (NAME,) and query.asked & {"event:page", CURRENCY}:
        return "people are counted once per event, wherever they did it and whatever they paid with"
    for unit in scope.units:
        if not set(unit) & single:
            return (
                f"people are counted once per {scope.subject}, and adding up several would count some twice; ask with"
                f" the dimension {unit[0]}, or filter for a single one"
            )
    return ""


def _pinned(query: Query) -> set[str]:
    """The dimensions of which each row of the answer is about a single value."""
    return set(query.dimensions) | {_pinned_by(condition) for condition in (*query.segment, *query.conditions)}


def _pinned_by(condition: Condition) -> str:
    """The dimension of which `condition` leaves a single value; empty if it leaves several."""
    if not isinstance(condition, Comparison) or condition.operator is not Operator.IS:
        return ""
    return condition.dimension if condition.is_case_sensitive and len(condition.values) == 1 else ""


def _share(metric: str, query: Query) -> Formula | str:
    """The visitors whose share it is, or why there is no such share."""
    if metric != "percentage" and not query.asked & set(NAME):
        return "it is told of events: ask with the dimension event:goal, or filter by it"
    if metric == "percentage" and not query.dimensions:
        return "it is told of rows: ask with a dimension"
    if query.granularity:
        return "it is not told by time"
    whole = whole_of(metric, query)
    if isinstance(whole, str):
        return whole
    if isinstance(problem := _formula("visitors", whole), str):
        return f"of those it is a share of, {problem}"
    return _formula("visitors", query)


def whole_of(metric: str, query: Query) -> Query | str:
    """Return the question for the visitors that `metric` is a share of: all that the filters on visits leave of those
    that the question is about.

    A text says why there is none: filters on pages or events that cannot be taken apart from those on visits.
    """
    kept: list[Condition] = []
    for condition in query.conditions:
        kinds = {found.dimension.startswith("event:") for found in comparisons((condition,))}
        if kinds == {True, False}:
            return "a filter joins what was done with who did it: its whole cannot be told"
        if kinds == {False}:
            kept.append(condition)
    dimensions = tuple(name for name in query.dimensions if not name.startswith("event:"))
    return replace(
        query,
        metrics=("visitors",),
        dimensions=dimensions if metric == "group_conversion_rate" else (),
        conditions=tuple(kept),
        order=(),
        limit=MAX_LIMIT,
        offset=0,
        has_total_rows=False,
        has_time_labels=False,
        compared=None,
    )


def _too_rare(metric: str, query: Query) -> str:
    """Empty unless rare values are to be folded and that cannot be done for this."""
    if not query.is_folded:
        return ""
    fold = query.fold
    if fold is None and query.segment and fold_of(query.folded):
        return (
            f"where rare values are folded, people are not counted per {' and '.join(sorted(query.folded))} within"
            " the segment of this view"
        )
    if fold is None:
        return (
            f"where rare values are folded (fewer than {query.min_count} people a day), only what is folded together"
            " can be asked together: one dimension at a time is always safe, but for fine or joined ones"
        )
    if query.granularity is Granularity.HOUR or query.period.since is not None:
        return "where rare values are folded, rows are told by the day and longer"
    if metric not in fold.metrics:
        return f"where rare values are folded, {fold.chain[0]} has {', '.join(fold.metrics)} only"
    return ""
