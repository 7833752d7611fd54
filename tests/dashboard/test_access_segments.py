"""The part of a site that a link shows: how it is written, and that no question gets past it."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from dashboard.access import Role
from dashboard.admission import Admission, admit_public
from dashboard.period import parse_period
from dashboard.query import Comparison, Operator, Query
from dashboard.segment import DIMENSIONS, parse_segment
from dashboard.vocabulary import COLUMNS
from schema.errors import QueryError, RejectError
from schema.settings import DashboardSettings
from support.people import SITES

UTC_DAY = parse_period("28d", date(2026, 3, 10), ZoneInfo("UTC"))


def test_who_is_not_a_member_gets_rare_values_folded() -> None:
    site, dashboard = SITES[0], DashboardSettings(min_count=3)
    assert admit_public(site, dashboard).restrict(question()).min_count == 10
    assert admit_public(site, DashboardSettings(min_count=20)).restrict(question()).min_count == 20


def question(*conditions: Comparison, site: str = "example.com") -> Query:
    return Query(site, UTC_DAY, ("visits",), conditions=conditions)


GERMANY = Comparison(Operator.IS, "visit:country", ("DE",))
FRANCE = Comparison(Operator.IS, "visit:country", ("FR",))


def admission(*segment: Comparison) -> Admission:
    return Admission(SITES[0], Role.SHARED, "/share/x", 10, segment)


@pytest.mark.parametrize("asked", [(), (FRANCE,), (GERMANY,), (FRANCE, GERMANY)])
def test_a_restricted_question_has_the_segment_and_restricting_twice_changes_nothing(
    asked: tuple[Comparison, ...],
) -> None:
    restricted = admission(GERMANY).restrict(question(*asked))
    assert (restricted.segment, restricted.conditions) == ((GERMANY,), asked)
    assert admission(GERMANY).restrict(restricted) == restricted


def test_a_question_about_another_site_is_not_restricted_but_refused() -> None:
    with pytest.raises(QueryError):
        admission().restrict(question(site="other.org"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("country=DE", Comparison(Operator.IS, "visit:country", ("DE",))),
        ("visit:country=DE|FR", Comparison(Operator.IS, "visit:country", ("DE", "FR"))),
        ("page~/docs", Comparison(Operator.CONTAINS, "event:page", ("/docs",))),
        ("source!=Google", Comparison(Operator.IS_NOT, "visit:source", ("Google",))),
        ("entry!~/a=b", Comparison(Operator.CONTAINS_NOT, "visit:entry_page", ("/a=b",))),
        ("event=Sign up", Comparison(Operator.IS, "event:name", ("Sign up",))),
    ],
)
def test_a_segment_is_read_as_it_is_meant(text: str, expected: Comparison) -> None:
    assert parse_segment((text,)) == (expected,)


@pytest.mark.parametrize("text", ["", "country", "country=", "colour=red", "=DE", "country=|", "page~/blog*"])
def test_a_segment_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(RejectError, match="segment"):
        parse_segment((text,))


def test_a_star_is_never_compared_with_as_it_stands() -> None:
    found = parse_segment(("page=/blog*", "source!=*bot*|x"))
    assert [one.operator for one in found] == [Operator.MATCHES_WILDCARD, Operator.MATCHES_WILDCARD_NOT]
    assert [one.values for one in found] == [("/blog*",), ("*bot*", "x")]


def test_every_dimension_of_a_segment_exists() -> None:
    assert set(DIMENSIONS.values()) <= set(COLUMNS)
