"""Questions to the real store, with rows of known sums."""

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.answer import Answer
from dashboard.answer_json import as_json
from dashboard.counts import Counts
from dashboard.period import Period, parse_dates, parse_period, previous
from dashboard.query import Combination, Comparison, Connective, Operator, Order, Query
from support.embedded import shared_store
from support.rollup_rows import SITE, RowWriter, row

UTC = ZoneInfo("UTC")
DAY = dt.date(2026, 3, 10)
NOW = 1_773_144_000_000  # 12:00 on that day
WEEK = parse_period("7d", DAY, UTC)
TODAY = parse_period("day", DAY, UTC)


def ask(
    some: RowWriter, metrics: Sequence[str], *dimensions: str, site: str = SITE, period: Period = WEEK, **more: Any
) -> Answer:
    query = Query(site, period, tuple(metrics), dimensions, **more)
    return Counts(some.store, []).ask(query, NOW)


def table(answer: Answer) -> list[tuple[Any, ...]]:
    return [(*row.dimensions, *row.metrics) for row in answer.rows]


@pytest.fixture(scope="module", params=["embedded", "server"])
def some(request: pytest.FixtureRequest) -> Iterator[RowWriter]:
    """Two days, two pages, two sources; another site and another week that must never be seen. In each engine."""
    if request.param == "server":
        yield fill(RowWriter(request.getfixturevalue("server_store")))
        return
    with shared_store() as store:
        yield fill(RowWriter(store))


def fill(rows: RowWriter) -> RowWriter:
    rows.add(
        "visits",
        row(source="Google", country="DE", entry_path="/", exit_path="/b", visits=3, visitors=2, bounces=1,
             pageviews=7, events=1, duration_seconds=100),
        row(source="Direct", country="DE", entry_path="/b", exit_path="/b", visits=1, visitors=1, bounces=1,
             pageviews=1, at="2026-03-09 23:00"),
        row(source="Direct", visits=50, visitors=50, at="2026-03-01 10:00"),
        row(source="Google", visits=90, visitors=90, site="other.org"),
    )  # fmt: skip
    rows.add(
        "pageviews",
        row(path="/", source="Google", country="DE", hostname="example.com", pageviews=4, visitors=2,
             active_visitors=2, visits=3, entries=3, bounces=1),
        row(path="/b", source="Google", country="DE", hostname="example.com", pageviews=3, visitors=1,
             active_visitors=1, visits=2, exits=3),
        row(path="/b", source="Direct", country="DE", hostname="www.example.com", pageviews=1, visitors=1,
             active_visitors=1, visits=1, entries=1, exits=1, bounces=1, at="2026-03-09 23:00"),
        row(path="/secret", pageviews=90, visitors=90, site="other.org"),
    )  # fmt: skip
    rows.add("events", row(name="signup", path="/b", source="Google", events=2, visitors=1, visits=2))
    return rows


def test_totals_come_from_the_table_that_knows_them(some: RowWriter) -> None:
    metrics = ["visitors", "visits", "pageviews", "views_per_visit", "bounce_rate", "visit_duration", "events"]
    assert table(ask(some, metrics)) == [(3, 4, 8, 2.0, 50, 25, 2)]


def test_nothing_counted_is_zero_and_a_ratio_of_nothing_is_none(some: RowWriter) -> None:
    metrics = ["visitors", "pageviews", "views_per_visit", "bounce_rate", "visit_duration"]
    assert table(ask(some, metrics, site="nothing.example")) == [(0, 0, None, None, None)]
    assert table(ask(some, metrics, "visit:source", site="nothing.example")) == []


@pytest.mark.parametrize(
    ("metrics", "dimensions", "expected"),
    [
        (["visitors", "pageviews", "bounce_rate"], ["event:page"], [("/", 2, 4, 33), ("/b", 2, 4, 100)]),
        (["visits", "pageviews"], ["visit:source"], [("Google", 3, 7), ("Direct", 1, 1)]),
        (["visits"], ["visit:entry_page"], [("/", 3), ("/b", 1)]),
        (["visits"], ["visit:exit_page"], [("/b", 4)]),
        (["pageviews"], ["event:hostname"], [("example.com", 7), ("www.example.com", 1)]),
        (["visitors", "events"], ["event:goal"], [("signup", 1, 2)]),
        (["visits"], ["time:day", "visit:source"], [("2026-03-09", "Direct", 1), ("2026-03-10", "Google", 3)]),
    ],
)
def test_rows_by_dimension(
    some: RowWriter, metrics: list[str], dimensions: list[str], expected: list[tuple[Any, ...]]
) -> None:
    assert table(ask(some, metrics, *dimensions)) == expected


GOOGLE = Comparison(Operator.IS, "visit:source", ("Google",))
DIRECT = Comparison(Operator.IS, "visit:source", ("Direct",))
PAGE_B = Comparison(Operator.IS, "event:page", ("/b",))


@pytest.mark.parametrize(
    ("conditions", "metrics", "expected"),
    [
        ((GOOGLE,), ["visits", "pageviews", "events"], (3, 7, 2)),
        ((PAGE_B,), ["visitors", "pageviews"], (2, 4)),
        ((PAGE_B, GOOGLE), ["visitors", "pageviews", "events"], (1, 3, 2)),
        ((Comparison(Operator.IS_NOT, "visit:source", ("Google",)),), ["visits"], (1,)),
        ((Comparison(Operator.CONTAINS, "visit:source", ("oog", "zzz")),), ["visits"], (3,)),
        ((Comparison(Operator.CONTAINS_NOT, "visit:source", ("oog", "zzz")),), ["visits"], (1,)),
        ((Combination(Connective.NOT, (GOOGLE,)),), ["visits"], (1,)),
        ((Combination(Connective.OR, (GOOGLE, DIRECT)),), ["visits"], (4,)),
        ((Combination(Connective.AND, (GOOGLE, DIRECT)),), ["visits"], (0,)),
        ((Comparison(Operator.IS, "visit:source", ("Google", "Direct")),), ["visits"], (4,)),
    ],
)  # fmt: skip
def test_filters_hold_in_every_table(
    some: RowWriter, conditions: tuple[Any, ...], metrics: list[str], expected: tuple[Any, ...]
) -> None:
    assert table(ask(some, metrics, conditions=conditions)) == [expected]


def test_an_or_around_a_filter_does_not_let_other_sites_in(some: RowWriter) -> None:
    either = Combination(Connective.OR, (GOOGLE, Comparison(Operator.IS_NOT, "visit:source", ("Google",))))
    assert table(ask(some, ["visits"], conditions=(either,))) == [(4,)]


def test_rows_are_sorted_cut_and_counted(some: RowWriter) -> None:
    answer = ask(some, ["visits"], "visit:source", limit=1, offset=1, has_total_rows=True)
    assert table(answer) == [("Direct", 1)]
    assert answer.total_rows == 2
    by_rate = ask(some, ["bounce_rate"], "visit:source", order=(Order("bounce_rate", False),))
    assert [row.dimensions[0] for row in by_rate.rows] == ["Google", "Direct"]


def test_every_day_has_a_row_until_today(some: RowWriter) -> None:
    answer = ask(some, ["visits", "bounce_rate"], "time:day", has_total_rows=True)
    assert table(answer)[-3:] == [("2026-03-08", 0, None), ("2026-03-09", 1, 100), ("2026-03-10", 3, 33)]
    assert (len(answer.rows), answer.total_rows) == (7, 7)
    best = ask(some, ["visits"], "time:day", order=(Order("visits", True),), limit=2)
    assert table(best) == [("2026-03-10", 3), ("2026-03-09", 1)]


def test_hours_to_come_have_no_row_but_a_label(some: RowWriter) -> None:
    answer = ask(some, ["visitors"], "time", period=TODAY, has_time_labels=True)
    assert table(answer)[9] == ("2026-03-10 09:00:00", 3)
    assert len(answer.rows) == 13
    assert len(as_json(answer)["meta"]["time_labels"]) == 24


def test_weeks_and_months_add_their_days_up(some: RowWriter) -> None:
    month = parse_dates("2026-02-20", "2026-03-10", UTC)
    assert table(ask(some, ["visits"], "time:month", period=month)) == [("2026-02-01", 0), ("2026-03-01", 54)]
    assert table(ask(some, ["visits"], "time:week", period=month)) == [
        ("2026-02-20", 0), ("2026-02-23", 50), ("2026-03-02", 0), ("2026-03-09", 4),
    ]  # fmt: skip


def test_a_day_is_the_sites_own_whatever_the_hour_in_utc(some: RowWriter) -> None:
    some.add("visits", row(at="2026-03-09 15:00", day=DAY, visits=2, site="tokyo.example"))
    today = parse_period("day", DAY, ZoneInfo("Asia/Tokyo"))
    answer = ask(some, ["visits"], "time:hour", site="tokyo.example", period=today)
    assert table(answer)[0] == ("2026-03-10 00:00:00", 2)


def test_all_begins_with_the_first_visit(some: RowWriter) -> None:
    everything = parse_period("all", DAY, UTC)
    answer = ask(some, ["visits"], "time:day", period=everything)
    assert table(answer)[0] == ("2026-03-01", 50)
    assert as_json(answer)["query"]["date_range"] == ["2026-03-01", "2026-03-10"]
    assert Counts(some.store, []).first_day("nothing.example") is None


def test_a_comparison_leaves_later_hours_out(some: RowWriter) -> None:
    hours = ("11", "12", "13")
    some.add("visits", *(row(at=f"2026-03-09 {hour}:00", visits=1, site="hours.example") for hour in hours))
    yesterday = previous(TODAY, NOW)
    assert yesterday
    assert table(ask(some, ["visits"], site="hours.example", period=yesterday)) == [(2,)]


def test_added_up_visitors_come_with_a_warning(some: RowWriter) -> None:
    assert "metric_warnings" in as_json(ask(some, ["visitors"]))["meta"]
    assert "metric_warnings" not in as_json(ask(some, ["visitors"], period=TODAY))["meta"]
    assert "metric_warnings" not in as_json(ask(some, ["visitors"], "time:day"))["meta"]
    assert "metric_warnings" not in as_json(ask(some, ["visits"]))["meta"]


HOSTILE = st.text(min_size=1, max_size=30) | st.sampled_from(
    [
        "'",
        "\\",
        "\\'",
        "') OR 1=1 --",
        "{site:String}",
        "%",
        "_",
        "\0",
        "\t\n\r",
        "${x}",
        '"',
        "`",
        "é",
        "🦶",
        "--",
        "/*",
    ]
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(HOSTILE, HOSTILE)
def test_a_hostile_value_is_only_ever_a_value(some: RowWriter, value: str, path: str) -> None:
    site = uuid.uuid4().hex
    some.add("pageviews", row(path=path, pageviews=1, site=site))
    for operator, expected in (
        (Operator.IS, value == path),
        (Operator.IS_NOT, value != path),
        (Operator.CONTAINS, value in path),
        (Operator.CONTAINS_NOT, value not in path),
    ):
        condition = Comparison(operator, "event:page", (value,))
        answer = ask(some, ["pageviews"], "event:page", site=site, conditions=(condition,))
        assert table(answer) == [(path, 1)] * expected


def test_rejections_are_told_by_reason(some: RowWriter) -> None:
    some.add("rejections", row(reason="opt_out", hits=1), row(reason="bot", hits=2), row(reason="bot", hits=3))
    some.add("rejections", row(reason="bot", hits=90, at="2026-01-01 10:00"))
    assert Counts(some.store, []).rejections(SITE, WEEK) == {"bot": 5, "opt_out": 1}
