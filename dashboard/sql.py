"""Query → one SELECT: values are bound, identifiers come from closed lists, ClickHouse 18.16 to 26 knows it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from zoneinfo import ZoneInfo

from dashboard.buckets import Granularity
from dashboard.conditions import Values, condition_sql
from dashboard.countries import country_names
from dashboard.folding import Fold, folded, visible_cells
from dashboard.formulas import Formula
from dashboard.period import ALL, EARLIEST, LATEST, Period
from dashboard.query import Query
from dashboard.visibility import Part, by_months, visible_parts
from dashboard.vocabulary import TABLES, TIME, table_of
from schema.live import Snapshot, live_table
from schema.rollups import PROJECTED_BY_MONTH

_BUCKETS = {
    Granularity.HOUR: "toUnixTimestamp(hour)",
    Granularity.DAY: "day",
    Granularity.WEEK: "greatest(toMonday(day), {start:Date})",
    Granularity.MONTH: "toStartOfMonth(day)",
}


@dataclass(frozen=True)
class Statement:
    """SQL and the values bound in it. Its rows are the dimensions, then the sums of `measures`."""

    sql: str
    values: Mapping[str, str | int | Sequence[str]]
    measures: tuple[tuple[str, str], ...]  # (table, measure)


@dataclass(frozen=True)
class Ground:
    """What a statement is made on: the live snapshots that count, and the site's local day that is not over."""

    snapshots: Sequence[Snapshot]
    today: date


def select(query: Query, formulas: Mapping[str, Formula], ground: Ground) -> Statement:
    """Return the statement that answers `query`; what goes by time alone is neither sorted nor cut yet."""
    measures = _measures(formulas)
    values = Values({"site": query.site, "start": query.period.start.isoformat()})
    union = _union(query, measures, ground, values)
    sql = [f"SELECT {', '.join((*_names(query), *(f'sum(m{n}) AS c{n}' for n in range(len(measures)))))}", union]
    if query.dimensions:
        sql += [_group_by(query), f"HAVING {_has_counts([f'c{n}' for n in range(len(measures))])}"]
    if query.dimensions and not query.filled:
        sql.append(f"ORDER BY {', '.join(_order_by(query, formulas, measures))}")
        sql.append(f"LIMIT {query.limit:d} OFFSET {query.offset:d}")
    return _statement(" ".join(sql), values, measures)


def count_rows(query: Query, formulas: Mapping[str, Formula], ground: Ground) -> Statement:
    """Return the statement that tells how many rows the answer has over all pages."""
    measures = _measures(formulas)
    values = Values({"site": query.site, "start": query.period.start.isoformat()})
    sums = [f"sum(m{number})" for number in range(len(measures))]
    grouped = f"SELECT 1 {_union(query, measures, ground, values)} {_group_by(query)} HAVING {_has_counts(sums)}"
    return _statement(f"SELECT count() FROM ({grouped})", values, ())


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


def select_daily_visitors(sites: Sequence[str], period: Period, snapshots: Sequence[Snapshot]) -> Statement:
    """Return the statement for (site, day, visitors) of several sites, which the snapshots are all of."""
    values = Values({"site": sites[0]})
    theirs = _of_sites(sites, values)
    days = [
        f"SELECT site, day, sum(visitors) AS n FROM {part.table} WHERE {_within(part, period, values, theirs)}"
        " GROUP BY site, day"
        for part in visible_parts("visits", period, snapshots)
    ]
    sql = f"SELECT site, day, sum(n) AS total FROM ({' UNION ALL '.join(days)}) GROUP BY site, day HAVING total > 0"
    return Statement(sql, values.bound, ())


def select_open_visits(sites: Sequence[str], snapshots: Sequence[Snapshot]) -> Statement:
    """Return the statement for (site, visits still open) of several sites, of which there is a snapshot."""
    values = Values({"site": sites[0]})
    theirs = _of_sites(sites, values)
    found = [
        f"SELECT site, sum(visits) AS n FROM {live_table(each.node, each.slot, 'visits')} WHERE {theirs} GROUP BY site"
        for each in snapshots
    ]
    sql = f"SELECT site, sum(n) AS total FROM ({' UNION ALL '.join(found)}) GROUP BY site"
    return Statement(sql, values.bound, ())


def select_rejections(site: str, period: Period, snapshots: Sequence[Snapshot]) -> Statement:
    """Return the statement for (reason, hits), the most frequent first."""
    values = Values({"site": site})
    hits = [
        f"SELECT reason, sum(hits) AS n FROM {part.table} WHERE {_within(part, period, values)} GROUP BY reason"
        for part in visible_parts("rejections", period, snapshots)
    ]
    sql = f"SELECT reason, sum(n) AS total FROM ({' UNION ALL '.join(hits)}) GROUP BY reason HAVING total > 0"
    return Statement(f"{sql} ORDER BY total DESC, reason", values.bound, ())


def _of_sites(sites: Sequence[str], values: Values) -> str:
    """Return the condition for rows of these sites; by the first, bound as `site`, a cluster finds the shard."""
    return f"site IN ({', '.join(('{site:String}', *(values.add(site, 'String') for site in sites[1:])))})"


def _within(part: Part, period: Period, values: Values, whose: str = "site = {site:String}") -> str:
    """Return the condition for the rows of `part` that are of a site, by default of the one that is bound already."""
    # A month is compared with a text: with a Date, the engine makes a condition on days of it, which no month has.
    day, kind = ("toStartOfMonth(day)", "String") if part.is_by_month else ("day", "Date")
    start, end = (values.add(each.isoformat(), kind) for each in (part.start, part.end))
    terms = [whose, f"{day} >= {start}", f"{day} < {end}"]
    if part.condition:
        terms.append(f"({part.condition})")
    if period.until is not None:
        terms.append(f"toUnixTimestamp(hour) <= {period.until:d}")
    if period.since is not None:
        terms.append(f"toUnixTimestamp(hour) >= {period.since:d}")
    return " AND ".join(terms)


def _statement(sql: str, values: Values, measures: tuple[tuple[str, str], ...]) -> Statement:
    """Bind the names of countries where they are used."""
    if "{codes:" in sql:
        names = country_names()
        values.bound |= {"codes": tuple(names), "names": tuple(names.values())}
    return Statement(sql, values.bound, measures)


def _has_counts(sums: Sequence[str]) -> str:
    """Whether there is anything; amounts of money can be below 0, and cancel each other out."""
    return " OR ".join(f"{each} != 0" for each in sums)


def _measures(formulas: Mapping[str, Formula]) -> tuple[tuple[str, str], ...]:
    """All measures that the formulas need, each once."""
    found = ((formula.table, measure) for formula in formulas.values() for measure in formula.measures)
    return tuple(dict.fromkeys(found))


def _union(query: Query, measures: Sequence[tuple[str, str]], ground: Ground, values: Values) -> str:
    """FROM all that holds the measures, side by side; a table that lacks one has 0 there."""
    parts = []
    for name in dict.fromkeys(name for name, _ in measures):
        sums = [
            f"{f'sum({measure})' if owner == name else _zero(measure)} AS m{number}"
            for number, (owner, measure) in enumerate(measures)
        ]
        columns = _Columns(query, name, ground, values)
        dimensions = [f"{columns.of(dimension)} AS d{n}" for n, dimension in enumerate(query.dimensions)]
        conditions = [f"({condition_sql(condition, columns.of, values)})" for condition in query.conditions]
        fixed = [f"{column} = {values.add(value, 'String')}" for column, value in table_of(name).fixed.items()]
        fixed += columns.segment(name)
        for part in _parts(query, name, ground):
            within = (_within(part, query.period, values), *fixed)
            if query.is_folded:
                cells, where = columns.cells(part, measures, within), " AND ".join(conditions) or "1"
                sums = [f"m{number}" for number in range(len(measures))]
                parts.append(f"SELECT {', '.join((*dimensions, *sums))} FROM ({cells}) WHERE {where}")
                continue
            where = " AND ".join((*within, *conditions))
            parts.append(f"SELECT {', '.join((*dimensions, *sums))} FROM {part.table} WHERE {where} {_group_by(query)}")
    return f"FROM ({' UNION ALL '.join(parts)})"


def _parts(query: Query, table: str, ground: Ground) -> list[Part]:
    """What makes up `table`, whole months by themselves where the engine has its counts by month."""
    rollup = table_of(table).rollup
    parts = visible_parts(rollup, query.period, ground.snapshots)
    is_by_hour = query.period.since is not None or query.period.until is not None
    if (
        not _has_months(table, query)
        or is_by_hour
        or query.is_folded
        or query.granularity not in (None, Granularity.MONTH)
    ):
        return parts
    return [each for part in parts for each in (by_months(part) if part.table == rollup else [part])]


def _has_months(table: str, query: Query) -> bool:
    """Whether all that is asked of `table` is in one projection by month; that of fine detail has all its columns."""
    rollup, columns = table_of(table).rollup, {table_of(table).columns[dimension] for dimension in query.asked}
    by_month = PROJECTED_BY_MONTH.get(rollup, ())
    return bool(by_month) and (rollup == "audience" or (len(columns) == 1 and columns <= set(by_month)))


def _zero(measure: str) -> str:
    return "toInt64(0)" if measure == "revenue" else "toUInt64(0)"


@dataclass(frozen=True)
class _Columns:
    """The SQL of each dimension in one table, for one query."""

    query: Query
    table: str
    ground: Ground
    values: Values

    def of(self, dimension: str) -> str:
        if dimension in TIME:
            assert self.query.granularity is not None  # it has a dimension of time
            return _BUCKETS[self.query.granularity]
        fold = self.query.fold if self.query.is_folded else None
        if fold is None:
            return table_of(self.table).columns[dimension]
        columns = fold.columns(dimension)
        return folded(dimension, columns, self._visible(fold, columns))

    def segment(self, table: str) -> list[str]:
        """The conditions on rows of `table` that hold for all that is asked, on values as they are."""
        columns = table_of(table).columns
        return [f"({condition_sql(each, columns.__getitem__, self.values)})" for each in self.query.segment]

    def cells(self, part: Part, measures: Sequence[tuple[str, str]], within: Sequence[str]) -> str:
        """The SELECT of what is folded: days, values and sums, apart from all conditions."""
        fold = self.query.fold
        assert fold is not None  # the query was planned
        deepest = max((fold.columns(dimension) for dimension in self.query.folded), key=len)
        every = ", ".join(("day", *deepest))
        sums = ", ".join(f"sum({measure}) AS m{number}" for number, (_, measure) in enumerate(measures))
        return f"SELECT {every}, {sums} FROM {part.table} WHERE {' AND '.join(within)} GROUP BY {every}"

    def _visible(self, fold: Fold, columns: tuple[str, ...]) -> str:
        """The cells that stand for themselves, each inside of one that does; the day that is not over has none."""
        period = self.query.period
        over = replace(period, end=min(max(self.ground.today, period.start), period.end), until=None)
        outer = columns[:-1]
        inside = f" AND (day, {', '.join(outer)}) IN ({self._visible(fold, outer)})" if outer else ""
        every = ", ".join(("day", *columns))
        people = [
            f"SELECT {every}, sum({fold.people}) AS people FROM {part.table}"
            f" WHERE {' AND '.join((_within(part, over, self.values), *self.segment(fold.table)))}{inside}"
            f" GROUP BY {every}"
            for part in visible_parts(TABLES[fold.table].rollup, over, self.ground.snapshots)
        ]
        nobody = f"SELECT {every}, toUInt64(0) AS people FROM {TABLES[fold.table].rollup} WHERE 0"
        return visible_cells(columns, " UNION ALL ".join(people or [nobody]), self.query.min_count)


def _names(query: Query) -> tuple[str, ...]:
    return tuple(f"d{number}" for number in range(len(query.dimensions)))


def _group_by(query: Query) -> str:
    return f"GROUP BY {', '.join(_names(query))}" if query.dimensions else ""


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
