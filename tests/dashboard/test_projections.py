"""Without filters, sums by day or month are read and not every row; lists of pages with one, in the order of pages."""

from datetime import date
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from aggregator.projections import complete
from dashboard.counts import Counts
from dashboard.panels import PANELS
from dashboard.period import Period, parse_dates
from dashboard.query import Comparison, Operator, Query, answerable, plan
from dashboard.sql import Ground, select
from dashboard.vocabulary import AUDIENCE
from schema.rollups import BY_NAME
from schema.store_embedded import EmbeddedStore

SITE, ZONE, NOW_MS = "example.com", ZoneInfo("UTC"), 1_800_000_000_000
LONG = parse_dates("2025-01-15", "2025-06-10", ZONE)
SHORT = parse_dates("2025-03-03", "2025-03-20", ZONE)
DIMENSIONS = [tab.dimension for panel in PANELS for tab in panel.tabs if not tab.dimension.startswith("rejection")]
COLUMNS = {"event:page": "path", "visit:entry_page": "entry_path", "visit:exit_page": "exit_path"}
OTHERS = ("visit:source", "visit:country", "visit:utm_campaign", "visit:device")
METRICS = ("visitors", "visits", "events", "total_revenue", "pageviews")  # the first that a list can be by
DAYS = "toDate('2025-01-01') + number % 200"


@pytest.fixture
def filled(store: EmbeddedStore) -> EmbeddedStore:
    """Enough rows that sums are the smaller way, of months smaller than of days."""
    for table in ("pageviews", "visits", "events", "audience"):
        texts = [column.name for column in BY_NAME[table].key if column.type == "text" and column.name != "site"]
        own = ", ".join(f"{_text(name)} AS {name}" for name in texts)
        counts = ", ".join(f"number % 5 + 1 AS {measure}" for measure in BY_NAME[table].measure_names)
        store.execute(
            f"INSERT INTO {table} SELECT '{SITE}' AS site, {DAYS} AS day, toDateTime(day, 'UTC') + 3600 * (number % 24)"
            f" AS hour, {own}, {counts}, 1 AS batch FROM numbers(300000)"
        )
    complete(store)
    return store


def _text(name: str) -> str:
    """SQL of what a column holds: of paths and fine detail a thousand, of its kinds what the dashboard asks for."""
    if name == "dimension":
        return f"arrayElement({[each.removeprefix('visit:') for each in AUDIENCE]}, number % {len(AUDIENCE)} + 1)"
    return f"concat('v', toString(cityHash64(number, '{name}') % {1000 if 'path' in name or name == 'value' else 7}))"


def questions(period: Period) -> list[Query]:
    lists = []
    for dimension in DIMENSIONS:
        plainest = Query(SITE, period, (), (dimension,), limit=10)
        metric = next(name for name in METRICS if name in answerable(plainest))
        lists.append(Query(SITE, period, (metric,), (dimension,), limit=10))
    top = Query(SITE, period, ("visitors", "visits", "pageviews", "bounce_rate", "visit_duration"))
    return [top, Query(SITE, period, ("visitors",), ("time:day",)), *lists]


def read_from(store: EmbeddedStore, query: Query) -> list[str]:
    """What the engine reads for the days that are over: tables, or projections of them."""
    statement = select(query, plan(query), Ground([], date(2027, 1, 1)))
    lines = [line for (line,) in store.query(f"EXPLAIN {statement.sql}", statement.values)]
    return [line.partition("(")[2].rstrip(")") for line in lines if "ReadFromMergeTree" in line]


def test_no_question_without_filters_reads_every_row(filled: EmbeddedStore) -> None:
    for query in (*questions(LONG), *questions(SHORT)):
        sources = read_from(filled, query)
        assert sources
        assert all(source.startswith("by_") for source in sources), (query.dimensions, sources)


def test_whole_months_of_pages_are_read_by_month(filled: EmbeddedStore) -> None:
    for dimension in COLUMNS:
        sources = read_from(filled, Query(SITE, LONG, ("visits",), (dimension,), limit=10))
        assert any(source.startswith("by_month_") for source in sources), sources


def test_whole_months_of_fine_detail_are_read_by_month_whatever_is_asked_beside(filled: EmbeddedStore) -> None:
    for dimensions in (("visit:city",), ("visit:region", "visit:country"), ("visit:language",)):
        sources = read_from(filled, Query(SITE, LONG, ("visits",), dimensions, limit=10))
        assert "by_month_value" in sources, sources


def filtered(dimension: str, other: str, value: str) -> Query:
    return Query(SITE, LONG, ("visits",), (dimension,), (Comparison(Operator.IS, other, (value,)),), limit=10)


def test_pages_of_anything_are_read_in_their_own_order(filled: EmbeddedStore) -> None:
    for dimension, column in COLUMNS.items():
        for other in OTHERS:
            assert read_from(filled, filtered(dimension, other, "v1")) == [f"rows_by_{column}"]


def test_anything_of_one_page_is_read_from_the_rows_of_that_page(filled: EmbeddedStore) -> None:
    for dimension, column in COLUMNS.items():
        for other in OTHERS:
            assert read_from(filled, filtered(other, dimension, "v1")) == [f"rows_by_{column}"]


def test_rows_in_the_order_of_pages_give_equal_answers(filled: EmbeddedStore) -> None:
    for page, other in product(COLUMNS, OTHERS):
        for query in (filtered(page, other, "v1"), filtered(other, page, "v1")):
            statement = select(query, plan(query), Ground([], date(2027, 1, 1)))
            plain = filled.query(f"{statement.sql} SETTINGS optimize_use_projections = 0", statement.values)
            assert filled.query(statement.sql, statement.values) == plain != []


def test_days_and_months_together_are_the_same_as_days(filled: EmbeddedStore) -> None:
    firsts, lasts = ("2025-01-01", "2025-01-15", "2025-02-28"), ("2025-02-28", "2025-03-01", "2025-05-31")
    for (dimension, column), first, last in product(COLUMNS.items(), firsts, lasts):
        period = parse_dates(first, last, ZONE)
        expected = filled.query(
            f"SELECT {column}, sum(visits) FROM {'pageviews' if column == 'path' else 'visits'}"
            f" WHERE site = '{SITE}' AND day >= '{first}' AND day <= '{last}'"
            f" GROUP BY {column} SETTINGS optimize_use_projections = 0"
        )
        for conditions in ((), (Comparison(Operator.IS, dimension, ("v1", "v2")),)):
            answer = Counts(filled, []).ask(Query(SITE, period, ("visits",), (dimension,), conditions), NOW_MS)
            found = {row.dimensions[0]: row.metrics[0] for row in answer.rows}
            assert found == {value: count for value, count in expected if not conditions or value in ("v1", "v2")}


def test_fine_detail_of_days_and_months_together_is_the_same_as_of_days(filled: EmbeddedStore) -> None:
    of_browser = (Comparison(Operator.IS, "visit:browser", ("v1", "v2")),), "parent IN ('v1', 'v2')"
    firsts, lasts = ("2025-01-01", "2025-01-15"), ("2025-02-28", "2025-05-31")
    for first, last, (conditions, sql) in product(firsts, lasts, (((), "1"), of_browser)):
        dimensions = ("visit:browser_version", "visit:browser")
        period = parse_dates(first, last, ZONE)
        answer = Counts(filled, []).ask(Query(SITE, period, ("visits",), dimensions, conditions), NOW_MS)
        expected = filled.query(
            f"SELECT value, parent, sum(visits) FROM audience WHERE site = '{SITE}' AND dimension = 'browser_version'"
            f" AND day >= '{first}' AND day <= '{last}' AND {sql}"
            " GROUP BY value, parent SETTINGS optimize_use_projections = 0"
        )
        assert sorted((*row.dimensions, *row.metrics) for row in answer.rows) == sorted(expected) != []
