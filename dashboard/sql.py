"""Query → one SELECT: values are bound, identifiers come from closed lists, ClickHouse 18.16 to 26 knows it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from dashboard.buckets import Granularity
from dashboard.period import ALL, EARLIEST, LATEST, Period
from dashboard.query import Comparison, Condition, Connective, Operator, Query
from dashboard.visibility import Part, visible_parts
from dashboard.vocabulary import COLUMNS, TIME, Formula
from schema.live import Snapshot

_BUCKETS = {
    Granularity.HOUR: "toUnixTimestamp(hour)",
    Granularity.DAY: "day",
    Granularity.WEEK: "greatest(toMonday(day), {start:Date})",
    Granularity.MONTH: "toStartOfMonth(day)",
}


@dataclass
class Values:
    """The values bound to a statement, named as they are added."""

    bound: dict[str, str | int | Sequence[str]] = field(default_factory=dict)

    def add(self, value: str | int | Sequence[str], kind: str) -> str:
        """Bind `value`, and return what stands for it in the SQL."""
        name = f"v{len(self.bound)}"
        self.bound[name] = value
        return f"{{{name}:{kind}}}"


@dataclass(frozen=True)
class Statement:
    """SQL and the values bound in it. Its rows are the dimensions, then the sums of `measures`."""

    sql: str
    values: Mapping[str, str | int | Sequence[str]]
    measures: tuple[tuple[str, str], ...]  # (table, measure)


def select(query: Query, formulas: Mapping[str, Formula], snapshots: Sequence[Snapshot]) -> Statement:
    """Return the statement that answers `query`; what goes by time alone is neither sorted nor cut yet."""
    measures = _measures(formulas)
    values = Values({"site": query.site, "start": query.period.start.isoformat()})
    union = _union(query, measures, snapshots, values)
    sql = [f"SELECT {', '.join((*_names(query), *(f'sum(m{n}) AS c{n}' for n in range(len(measures)))))}", union]
    if query.dimensions:
        sql += [_group_by(query), f"HAVING {' + '.join(f'c{n}' for n in range(len(measures)))} > 0"]
    if query.dimensions and not query.filled:
        sql.append(f"ORDER BY {', '.join(_order_by(query, formulas, measures))}")
        sql.append(f"LIMIT {query.limit:d} OFFSET {query.offset:d}")
    return Statement(" ".join(sql), values.bound, measures)


def count_rows(query: Query, formulas: Mapping[str, Formula], snapshots: Sequence[Snapshot]) -> Statement:
    """Return the statement that tells how many rows the answer has over all pages."""
    measures = _measures(formulas)
    values = Values({"site": query.site, "start": query.period.start.isoformat()})
    sums = " + ".join(f"sum(m{number})" for number in range(len(measures)))
    grouped = f"SELECT 1 {_union(query, measures, snapshots, values)} {_group_by(query)} HAVING {sums} > 0"
    return Statement(f"SELECT count() FROM ({grouped})", values.bound, ())


def select_first_day(site: str, snapshots: Sequence[Snapshot]) -> Statement:
    """Return the statement that tells a site's first day with a visit; 1970-01-01 without one."""
    values = Values({"site": site})
    ever = Period(ALL, EARLIEST, LATEST, ZoneInfo("UTC"))
    firsts = [
        f"SELECT day AS d FROM {part.table} WHERE {_within(part, ever, values)} ORDER BY site, day LIMIT 1"
        for part in visible_parts("visits", ever, snapshots)
    ]
    union = " UNION ALL ".join(f"SELECT d FROM ({first})" for first in firsts)
    return Statement(f"SELECT min(d) FROM ({union})", values.bound, ())


def select_rejections(site: str, period: Period, snapshots: Sequence[Snapshot]) -> Statement:
    """Return the statement for (reason, hits), the most frequent first."""
    values = Values({"site": site})
    hits = [
        f"SELECT reason, sum(hits) AS n FROM {part.table} WHERE {_within(part, period, values)} GROUP BY reason"
        for part in visible_parts("rejections", period, snapshots)
    ]
    sql = f"SELECT reason, sum(n) AS total FROM ({' UNION ALL '.join(hits)}) GROUP BY reason HAVING total > 0"
    return Statement(f"{sql} ORDER BY total DESC, reason", values.bound, ())


def _within(part: Part, period: Period, values: Values) -> str:
    """Return the condition for a site's rows of `part`; `site` is bound already."""
    start, end = (values.add(day.isoformat(), "Date") for day in (part.start, part.end))
    terms = ["site = {site:String}", f"day >= {start}", f"day < {end}"]
    if part.condition:
        terms.append(f"({part.condition})")
    if period.until is not None:
        terms.append(f"toUnixTimestamp(hour) <= {period.until:d}")
    return " AND ".join(terms)


def _measures(formulas: Mapping[str, Formula]) -> tuple[tuple[str, str], ...]:
    """All measures that the formulas need, each once."""
    found = ((formula.table, measure) for formula in formulas.values() for measure in formula.measures)
    return tuple(dict.fromkeys(found))


def _union(query: Query, measures: Sequence[tuple[str, str]], snapshots: Sequence[Snapshot], values: Values) -> str:
    """FROM all that holds the measures, side by side; a table that lacks one has 0 there."""
    parts = []
    for table in dict.fromkeys(table for table, _ in measures):
        sums = [
            f"{f'sum({measure})' if owner == table else 'toUInt64(0)'} AS m{number}"
            for number, (owner, measure) in enumerate(measures)
        ]
        dimensions = [f"{_column(query, name, table)} AS d{n}" for n, name in enumerate(query.dimensions)]
        conditions = [f"({_condition(condition, table, values)})" for condition in query.conditions]
        for part in visible_parts(table, query.period, snapshots):
            where = " AND ".join((_within(part, query.period, values), *conditions))
            parts.append(f"SELECT {', '.join((*dimensions, *sums))} FROM {part.table} WHERE {where} {_group_by(query)}")
    return f"FROM ({' UNION ALL '.join(parts)})"


def _names(query: Query) -> tuple[str, ...]:
    return tuple(f"d{number}" for number in range(len(query.dimensions)))


def _group_by(query: Query) -> str:
    return f"GROUP BY {', '.join(_names(query))}" if query.dimensions else ""


def _column(query: Query, dimension: str, table: str) -> str:
    if dimension in TIME:
        assert query.granularity is not None  # it has a dimension of time
        return _BUCKETS[query.granularity]
    return COLUMNS[dimension][table]


def _order_by(query: Query, formulas: Mapping[str, Formula], measures: Sequence[tuple[str, str]]) -> list[str]:
    keys = []
    for order in query.full_order:
        if order.key in query.dimensions:
            key = f"d{query.dimensions.index(order.key)}"
        else:
            key = _expression(formulas[order.key], measures)
        keys.append(f"{key} {'DESC' if order.is_descending else 'ASC'}")
    return keys


def _expression(formula: Formula, measures: Sequence[tuple[str, str]]) -> str:
    """The metric to sort by; a ratio with nothing to divide by is the smallest."""
    count, *per = (f"c{measures.index((formula.table, measure))}" for measure in formula.measures)
    return f"if({per[0]} = 0, -1, {count} / {per[0]})" if per else count


def _condition(condition: Condition, table: str, values: Values) -> str:
    if isinstance(condition, Comparison):
        return _comparison(condition, COLUMNS[condition.dimension][table], values)
    inner = [f"({_condition(part, table, values)})" for part in condition.conditions]
    return (
        f"NOT {inner[0]}" if condition.connective is Connective.NOT else f" {condition.connective.upper()} ".join(inner)
    )


def _comparison(comparison: Comparison, column: str, values: Values) -> str:
    if comparison.operator in (Operator.IS, Operator.IS_NOT):
        test = f"has({values.add(comparison.values, 'Array(String)')}, {column})"
    else:
        test = " OR ".join(f"position({column}, {values.add(value, 'String')}) > 0" for value in comparison.values)
    return f"NOT ({test})" if comparison.operator in (Operator.IS_NOT, Operator.CONTAINS_NOT) else test
