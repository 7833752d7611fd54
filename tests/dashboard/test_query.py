"""Which metrics the counts can tell, by dimensions and filters; a wrong answer is never an option."""

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from dashboard.period import parse_dates, parse_period
from dashboard.query import Combination, Comparison, Condition, Connective, Operator, Query, answerable, plan
from schema.errors import QueryError

WEEK = parse_dates("2026-03-04", "2026-03-10", ZoneInfo("UTC"))
DAY = parse_dates("2026-03-10", "2026-03-10", ZoneInfo("UTC"))

ONE_PAGE = Comparison(Operator.IS, "event:page", ("/a",))
TWO_PAGES = Comparison(Operator.IS, "event:page", ("/a", "/b"))
SOME_PAGES = Comparison(Operator.CONTAINS, "event:page", ("/blog",))
OTHER_PAGES = Comparison(Operator.IS_NOT, "event:page", ("/a",))
EITHER = Combination(Connective.OR, (ONE_PAGE, Comparison(Operator.IS, "visit:os", ("Linux",))))
ONE_EVENT = Comparison(Operator.IS, "event:name", ("signup",))
ENTRY = Comparison(Operator.IS, "visit:entry_page", ("/a",))
HOST = Comparison(Operator.IS, "event:hostname", ("example.com",))
GOOGLE = Comparison(Operator.IS, "visit:source", ("Google",))

EVERYTHING = ("visitors", "visits", "pageviews", "views_per_visit", "bounce_rate", "visit_duration", "events")
ENDS = ("entries", "exits")
PEOPLE = ("visitors", "visits")
VIEWS = ("pageviews", "bounce_rate", "events", "time_on_page", "scroll_depth", *ENDS, "exit_rate")
PAGE = (*PEOPLE, *VIEWS)
OF_HOST = tuple(metric for metric in VIEWS if metric != "events")
SHARE = ("percentage",)
OF_EVENT = (*PEOPLE, "events")
CONVERSIONS = ("conversion_rate", "group_conversion_rate")


@pytest.mark.parametrize(
    ("dimensions", "conditions", "expected"),
    [
        ((), (), (*EVERYTHING, *ENDS, "rejected")),
        (("visit:source",), (GOOGLE,), (*EVERYTHING, *ENDS, *SHARE)),
        (("time:day",), (), (*EVERYTHING, *ENDS, "rejected")),
        (("time:hour",), (GOOGLE,), (*EVERYTHING, *ENDS)),
        (("event:page",), (), (*PAGE, *SHARE)),
        (("event:page", "visit:country"), (GOOGLE,), (*PAGE, *SHARE)),
        (("event:page",), (SOME_PAGES,), (*PAGE, *SHARE)),
        ((), (ONE_PAGE,), PAGE),
        ((), (TWO_PAGES,), VIEWS),
        ((), (SOME_PAGES,), VIEWS),
        ((), (OTHER_PAGES,), VIEWS),
        ((), (EITHER,), VIEWS),
        (("time:hour",), (ONE_PAGE,), ("visits", *VIEWS)),
        (("event:hostname",), (), OF_HOST),
        (("event:page",), (HOST,), (*PEOPLE, *OF_HOST, *SHARE)),
        (("visit:entry_page",), (), (*EVERYTHING, *SHARE)),
        (("visit:exit_page",), (ENTRY,), (*EVERYTHING, *SHARE)),
        (("time:hour",), (ENTRY,), tuple(name for name in EVERYTHING if name != "visitors")),
        (("event:page",), (ENTRY,), ()),
        (("event:name",), (), (*OF_EVENT, *CONVERSIONS, *SHARE)),
        (("event:goal",), (), (*OF_EVENT, *CONVERSIONS, *SHARE)),
        (("visit:source",), (ONE_EVENT,), (*OF_EVENT, *CONVERSIONS, *SHARE)),
        (("time:hour",), (ONE_EVENT,), ("visits", "events")),
        (("event:page",), (ONE_EVENT,), ("events",)),
        (("event:name",), (ENTRY,), ()),
    ],
)
def test_what_can_be_told(
    dimensions: tuple[str, ...], conditions: tuple[Condition, ...], expected: tuple[str, ...]
) -> None:
    query = Query("example.com", WEEK, ("visitors",), dimensions, conditions)
    assert sorted(answerable(query)) == sorted(expected)


def test_a_refusal_names_the_metric_the_reason_and_what_to_ask_instead() -> None:
    with pytest.raises(QueryError, match=r"visit_duration: .* per page.* visitors, visits, pageviews") as refused:
        plan(Query("example.com", WEEK, ("pageviews", "visit_duration"), ("event:page",)))
    assert refused.value.field == "metrics"


def test_where_nothing_can_be_told_it_says_to_take_something_away() -> None:
    with pytest.raises(QueryError, match="Take a dimension or filter away"):
        plan(Query("example.com", WEEK, ("visits",), ("event:page",), (ENTRY,)))


def test_several_pages_are_refused_with_the_way_out() -> None:
    with pytest.raises(QueryError, match="count some twice; ask with the dimension event:page"):
        plan(Query("example.com", WEEK, ("visitors",), (), (SOME_PAGES,)))


def test_all_time_by_the_hour_is_too_long_once_its_start_is_known() -> None:
    unbounded = parse_period("all", WEEK.last, ZoneInfo("UTC"))
    assert plan(Query("example.com", unbounded, ("visits",), ("time:hour",)))
    with pytest.raises(QueryError, match="too long for hours"):
        plan(Query("example.com", replace(unbounded, start=date(2024, 1, 1)), ("visits",), ("time:hour",)))


def test_by_the_hour_visitors_are_those_active_in_it() -> None:
    by_hour = plan(Query("example.com", DAY, ("visitors", "visits"), ("time",)))
    assert (by_hour["visitors"].table, by_hour["visitors"].measure) == ("pageviews", "active_visitors")
    by_day = plan(Query("example.com", WEEK, ("visitors", "visits"), ("time",)))
    assert (by_day["visitors"].table, by_day["visitors"].measure) == ("visits", "visitors")
