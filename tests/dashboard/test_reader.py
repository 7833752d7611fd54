"""Questions to the real store, with rows of known sums: in batches, live, and while the one becomes the other."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dashboard.answer import Answer
from dashboard.period import Period, parse_dates, parse_period, previous
from dashboard.query import Combination, Comparison, Connective, Operator, Order, Query
from dashboard.reader import Reader
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.counts import SITE, Counts

from schema.batch import Window, batch_number
from schema.errors import StoreUnavailableError
from schema.store import NO_PARAMETERS, Parameters, Row
from schema.store_embedded import EmbeddedStore

UTC = ZoneInfo("UTC")
DAY = dt.date(2026, 3, 10)
NOW = 1_773_144_000_000  # 12:00 on that day
WEEK = parse_period("7d", DAY, UTC)
TODAY = parse_period("day", DAY, UTC)


def ask(store: Any, metrics: Sequence[str], *dimensions: str, period: Period = WEEK, **more: Any) -> Answer:
    return Reader(store).ask(Query(SITE, period, tuple(metrics), dimensions, **more), NOW)


def table(answer: Answer) -> list[tuple[Any, ...]]:
    return [(*row.dimensions, *row.metrics) for row in answer.rows]


@pytest.fixture
def some(counts: Counts) -> Counts:
    """Two days, two pages, two sources; another site and another week that must never be seen."""
    counts.add(
        "visits",
        dict(source="Google", country="DE", entry_path="/", exit_path="/b", visits=3, visitors=2, bounces=1,
             pageviews=7, events=1, duration_seconds=100),
        dict(source="Direct", country="DE", entry_path="/b", exit_path="/b", visits=1, visitors=1, bounces=1,
             pageviews=1, at="2026-03-09 23:00"),
        dict(source="Direct", visits=50, visitors=50, at="2026-03-01 10:00"),
        dict(source="Google", visits=90, visitors=90, site="other.org"),
    )  # fmt: skip
    counts.add(
        "pageviews",
        dict(path="/", source="Google", country="DE", hostname="example.com", pageviews=4, visitors=2,
             active_visitors=2, visits=3, entries=3, bounces=1),
        dict(path="/b", source="Google", country="DE", hostname="example.com", pageviews=3, visitors=1,
             active_visitors=1, visits=2, exits=3),
        dict(path="/b", source="Direct", country="DE", hostname="www.example.com", pageviews=1, visitors=1,
             active_visitors=1, visits=1, entries=1, exits=1, bounces=1, at="2026-03-09 23:00"),
        dict(path="/secret", pageviews=90, visitors=90, site="other.org"),
    )  # fmt: skip
    counts.add("events", dict(name="signup", path="/b", source="Google", events=2, visitors=1, visits=2))
    return counts


def test_totals_come_from_the_table_that_knows_them(some: Counts) -> None:
    metrics = ["visitors", "visits", "pageviews", "views_per_visit", "bounce_rate", "visit_duration", "events"]
    assert table(ask(some.store, metrics)) == [(3, 4, 8, 2.0, 50, 25, 2)]


def test_nothing_counted_is_zero_and_a_ratio_of_nothing_is_none(store: EmbeddedStore) -> None:
    metrics = ["visitors", "pageviews", "views_per_visit", "bounce_rate", "visit_duration"]
    assert table(ask(store, metrics)) == [(0, 0, None, None, None)]
    assert table(ask(store, metrics, "visit:source")) == []


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
    some: Counts, metrics: list[str], dimensions: list[str], expected: list[tuple[Any, ...]]
) -> None:
    assert table(ask(some.store, metrics, *dimensions)) == expected


GOOGLE = Comparison(Operator.IS, "visit:source", ("Google",))
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
        ((Combination(Connective.OR, (GOOGLE, Comparison(Operator.IS, "visit:source", ("Direct",)))),), ["visits"], (4,)),
        ((Combination(Connective.AND, (GOOGLE, Comparison(Operator.IS, "visit:country", ("FR",)))),), ["visits"], (0,)),
        ((Comparison(Operator.IS, "visit:source", ("Google", "Direct")),), ["visits"], (4,)),
    ],
)  # fmt: skip
def test_filters_hold_in_every_table(
    some: Counts, conditions: tuple[Any, ...], metrics: list[str], expected: tuple[Any, ...]
) -> None:
    assert table(ask(some.store, metrics, conditions=conditions)) == [expected]


def test_an_or_around_a_filter_does_not_let_other_sites_in(some: Counts) -> None:
    either = Combination(Connective.OR, (GOOGLE, Comparison(Operator.IS_NOT, "visit:source", ("Google",))))
    assert table(ask(some.store, ["visits"], conditions=(either,))) == [(4,)]


def test_rows_are_sorted_cut_and_counted(some: Counts) -> None:
    answer = ask(some.store, ["visits"], "visit:source", limit=1, offset=1, has_total_rows=True)
    assert table(answer) == [("Direct", 1)]
    assert answer.total_rows == 2
    by_rate = ask(some.store, ["bounce_rate"], "visit:source", order=(Order("bounce_rate", False),))
    assert [row.dimensions[0] for row in by_rate.rows] == ["Google", "Direct"]


def test_every_day_has_a_row_until_today(some: Counts) -> None:
    answer = ask(some.store, ["visits", "bounce_rate"], "time:day", has_total_rows=True)
    assert table(answer)[-3:] == [("2026-03-08", 0, None), ("2026-03-09", 1, 100), ("2026-03-10", 3, 33)]
    assert (len(answer.rows), answer.total_rows) == (7, 7)
    best = ask(some.store, ["visits"], "time:day", order=(Order("visits", True),), limit=2)
    assert table(best) == [("2026-03-10", 3), ("2026-03-09", 1)]


def test_hours_to_come_have_no_row_but_a_label(some: Counts) -> None:
    answer = ask(some.store, ["visitors"], "time", period=TODAY, has_time_labels=True)
    assert table(answer)[9] == ("2026-03-10 09:00:00", 3)
    assert len(answer.rows) == 13
    assert len(answer.as_json()["meta"]["time_labels"]) == 24


def test_weeks_and_months_add_their_days_up(some: Counts) -> None:
    month = parse_dates("2026-02-20", "2026-03-10", UTC)
    assert table(ask(some.store, ["visits"], "time:month", period=month)) == [("2026-02-01", 0), ("2026-03-01", 54)]
    assert table(ask(some.store, ["visits"], "time:week", period=month)) == [
        ("2026-02-20", 0), ("2026-02-23", 50), ("2026-03-02", 0), ("2026-03-09", 4),
    ]  # fmt: skip


def test_a_day_is_the_sites_own_whatever_the_hour_in_utc(counts: Counts) -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    counts.add("visits", dict(at="2026-03-09 15:00", day=DAY, visits=2))
    period = parse_period("day", DAY, tokyo)
    answer = Reader(counts.store).ask(Query(SITE, period, ("visits",), ("time:hour",)), NOW)
    assert table(answer)[0] == ("2026-03-10 00:00:00", 2)


def test_all_begins_with_the_first_visit(some: Counts) -> None:
    everything = parse_period("all", DAY, UTC)
    answer = ask(some.store, ["visits"], "time:day", period=everything)
    assert table(answer)[0] == ("2026-03-01", 50)
    assert answer.as_json()["query"]["date_range"] == ["2026-03-01", "2026-03-10"]
    assert Reader(some.store).first_day("nothing.example") is None


def test_a_comparison_leaves_later_hours_out(counts: Counts) -> None:
    counts.add("visits", *(dict(at=f"2026-03-09 {hour}:00", visits=1) for hour in ("11", "12", "13")))
    yesterday = previous(TODAY, NOW)
    assert yesterday
    assert table(ask(counts.store, ["visits"], period=yesterday)) == [(2,)]


def test_added_up_visitors_come_with_a_warning(some: Counts) -> None:
    assert "metric_warnings" in ask(some.store, ["visitors"]).as_json()["meta"]
    assert "metric_warnings" not in ask(some.store, ["visitors"], period=TODAY).as_json()["meta"]
    assert "metric_warnings" not in ask(some.store, ["visitors"], "time:day").as_json()["meta"]
    assert "metric_warnings" not in ask(some.store, ["visits"]).as_json()["meta"]


HOSTILE = st.text(min_size=1, max_size=30) | st.sampled_from(
    ["'", "\\", "\\'", "') OR 1=1 --", "{site:String}", "%", "_", "\0", "\t\n\r", "${x}", '"', "`", "é", "🦶", "--", "/*"]
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(HOSTILE, HOSTILE, st.uuids())
def test_a_hostile_value_is_only_ever_a_value(counts: Counts, value: str, path: str, site: uuid.UUID) -> None:
    counts.add("pageviews", dict(path=path, pageviews=1, site=str(site)))
    for operator, expected in (
        (Operator.IS, value == path),
        (Operator.IS_NOT, value != path),
        (Operator.CONTAINS, value in path),
        (Operator.CONTAINS_NOT, value not in path),
    ):
        condition = Comparison(operator, "event:page", (value,))
        query = Query(str(site), WEEK, ("pageviews",), ("event:page",), (condition,))
        assert table(Reader(counts.store).ask(query, NOW)) == [(path, 1)] * expected


NODE, OTHER_NODE = 1, 2
THROUGH = batch_number(NODE, Window.of(NOW), 3)
LATER = batch_number(NODE, Window.of(NOW).next)
OF_OTHER = batch_number(OTHER_NODE, Window.of(NOW).next)


def test_live_rows_count_and_batches_after_the_snapshot_do_not(counts: Counts) -> None:
    counts.add(
        "visits",
        dict(visits=1, batch=THROUGH),
        dict(visits=10, batch=LATER),
        dict(visits=100, batch=OF_OTHER),
        dict(visits=1000, batch=LATER, at="2026-03-08 10:00"),  # a closed day: whatever is there counts
    )
    counts.snapshot(NODE, 4, THROUGH, dt.date(2026, 3, 9))
    counts.add_live("visits", NODE, "a", dict(visits=10_000))
    counts.add_live("visits", NODE, "b", dict(visits=100_000))
    assert table(ask(counts.store, ["visits"])) == [(11_101,)]
    counts.snapshot(NODE, 5, LATER, dt.date(2026, 3, 9))
    assert table(ask(counts.store, ["visits"])) == [(101_111,)]


def test_a_visit_is_seen_once_at_every_step_of_its_way_from_live_to_a_batch(counts: Counts) -> None:
    seen = []

    def look() -> None:
        seen.extend(table(ask(counts.store, ["visits", "pageviews"], "visit:source")))

    counts.snapshot(NODE, 0, 0, DAY)
    counts.snapshot(NODE, 1, 0, DAY)
    counts.add_live("visits", NODE, "a", dict(visits=1, source="Google"))
    counts.add_live("pageviews", NODE, "a", dict(pageviews=2, source="Google"))
    counts.snapshot(NODE, 2, 0, DAY)
    look()
    counts.add("visits", dict(visits=1, source="Google", batch=LATER))
    look()
    counts.add("pageviews", dict(pageviews=2, source="Google", batch=LATER))
    look()
    counts.empty_slot(NODE, "b")
    counts.snapshot(NODE, 3, LATER, DAY)
    look()
    assert seen == [("Google", 1, 2)] * 4


class Interrupted:
    """A store whose node publishes a snapshot and empties the older slot whenever someone reads a rollup."""

    def __init__(self, counts: Counts, rounds: int) -> None:
        self.capabilities = counts.store.capabilities
        self.rounds = rounds
        self._counts = counts
        self._number = 2

    def query(self, sql: str, parameters: Parameters = NO_PARAMETERS) -> list[Row]:
        if "UNION ALL" in sql and self.rounds:
            self.rounds -= 1
            self._number += 1
            self._counts.snapshot(NODE, self._number, 0, DAY)
            self._counts.empty_slot(NODE, "ab"[(self._number + 1) % 2])
        return self._counts.store.query(sql, parameters)


def test_a_reader_whose_slot_was_filled_anew_asks_again(counts: Counts) -> None:
    counts.snapshot(NODE, 2, 0, DAY)
    counts.add_live("visits", NODE, "a", dict(visits=1))
    counts.add_live("visits", NODE, "b", dict(visits=1))
    assert table(ask(Interrupted(counts, 1), ["visits"])) == [(1,)]


def test_a_reader_that_is_always_too_late_says_so(counts: Counts) -> None:
    class Racing(Interrupted):
        def query(self, sql: str, parameters: Parameters = NO_PARAMETERS) -> list[Row]:
            rows = super().query(sql, parameters)
            if "UNION ALL" in sql:
                self._number += 1
                self._counts.snapshot(NODE, self._number, 0, DAY)
            return rows

    counts.snapshot(NODE, 2, 0, DAY)
    with pytest.raises(StoreUnavailableError):
        ask(Racing(counts, 100), ["visits"])


def test_open_visits_are_those_of_the_newest_snapshot(counts: Counts) -> None:
    assert Reader(counts.store).open_visits(SITE) is None
    counts.snapshot(NODE, 2, 0, DAY)
    assert Reader(counts.store).open_visits(SITE) == 0
    counts.add_live("visits", NODE, "a", dict(visits=3), dict(visits=4, source="x"), dict(visits=9, site="other.org"))
    counts.snapshot(OTHER_NODE, 1, 0, DAY)
    counts.add_live("visits", OTHER_NODE, "b", dict(visits=5))
    assert Reader(counts.store).open_visits(SITE) == 12


def test_rejections_are_told_by_reason(counts: Counts) -> None:
    counts.add("rejections", dict(reason="opt_out", hits=1), dict(reason="bot", hits=2), dict(reason="bot", hits=3))
    counts.add("rejections", dict(reason="bot", hits=90, at="2026-01-01 10:00"))
    assert Reader(counts.store).rejections(SITE, WEEK) == {"bot": 5, "opt_out": 1}
