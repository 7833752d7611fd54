"""The address of a page and what it asks for: one is made from the other, and back."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.formulas import METRICS
from dashboard.panels import TABS_BY_PANEL
from dashboard.period import NAMED
from dashboard.query import Comparison, Operator
from dashboard.view import DEFAULT_PERIOD, FILTERS, View, parse_view
from dashboard.vocabulary import COLUMNS
from schema.errors import QueryError
from schema.settings import SiteSettings

SITE = SiteSettings("example.com", timezone="Asia/Tokyo")
NOW = 1_773_144_000_000  # 2026-03-10 21:00 in Tokyo


def view(**parts: str) -> View:
    return parse_view(SITE, parts, TABS_BY_PANEL, NOW)


def follow(href: str) -> View:
    address = urlsplit(href)
    assert address.path == "/example.com"
    return view(**dict(parse_qsl(address.query, keep_blank_values=True)))


def test_nothing_asked_is_the_usual_view() -> None:
    usual = view()
    assert (usual.period.name, usual.metric, usual.href) == (DEFAULT_PERIOD, "visitors", "/example.com")


def test_days_are_the_sites() -> None:
    late = parse_view(SITE, {"period": "day"}, TABS_BY_PANEL, NOW + 4 * 3_600_000)
    assert late.period.start.isoformat() == "2026-03-11"


def test_what_makes_no_sense_is_ignored_but_a_wrong_period_is_said() -> None:
    odd = view(metric="colour", pages="colour", all="colour", colour="red")
    assert odd == view()
    with pytest.raises(QueryError):
        view(period="colour")
    with pytest.raises(QueryError):
        view(period="custom", to="2026-03-10")


def test_every_dimension_can_be_filtered_by() -> None:
    assert set(FILTERS.values()) == set(COLUMNS) - {"event:goal", "event:currency", "rejection:reason"}


def test_no_two_parts_of_an_address_have_the_same_name() -> None:
    others = {"period", "from", "to", "metric", "all", *TABS_BY_PANEL}
    assert not others & set(FILTERS)


def test_filters_become_conditions_of_one_value_each() -> None:
    query = view(source="Google", page="/a").query("pageviews", dimensions=("time",))
    assert set(query.conditions) == {
        Comparison(Operator.IS, "event:page", ("/a",)),
        Comparison(Operator.IS, "visit:source", ("Google",)),
    }


@settings(deadline=None)
@given(
    st.sampled_from(list(NAMED)),
    st.dictionaries(st.sampled_from(sorted(FILTERS)), st.text(max_size=40), max_size=3),
    st.sampled_from(METRICS),
    st.sampled_from([(panel, tab) for panel, tabs in TABS_BY_PANEL.items() for tab in tabs]),
)
def test_every_link_leads_to_what_it_was_made_from(
    period: str, filters: dict[str, str], metric: str, tab: tuple[str, str]
) -> None:
    parts: dict[str, Any] = {"period": period, "metric": metric, tab[0]: tab[1], **filters}
    asked = view(**parts)
    assert follow(asked.href) == asked
    assert follow(asked.with_filter("source", "a&b=c#d?e").href).filters["source"] == "a&b=c#d?e"
    assert follow(asked.without_filter("source").href).filters == {k: v for k, v in filters.items() if k != "source"}
    assert follow(asked.with_whole("pages").href).whole == "pages"
    assert follow(asked.with_period("7d").href) == view(**(parts | {"period": "7d"}))


def test_custom_dates_are_kept_and_passed_on_by_the_form() -> None:
    asked = view(**{"period": "custom", "from": "2026-02-01", "to": "2026-02-03", "page": "/a", "metric": "visits"})
    assert follow(asked.href) == asked
    assert asked.hidden == {"page": "/a", "metric": "visits"}
