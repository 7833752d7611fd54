"""The address of a page and what it asks for: one is made from the other, and back."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.filters import Comparison, Operator
from dashboard.formulas import METRICS
from dashboard.panels import TABS_BY_PANEL
from dashboard.period import NAMED
from dashboard.view import DEFAULT_PERIOD, View, parse_view
from dashboard.view_filters import FILTERS, PREFIXES, Filter
from dashboard.vocabulary import COLUMNS
from schema.errors import QueryError
from schema.settings import SiteSettings

SITE = SiteSettings("example.com", timezone="Asia/Tokyo")
NOW = 1_773_144_000_000  # 2026-03-10 21:00 in Tokyo


def view(**parts: str) -> View:
    return parse_view(SITE, parts.items(), TABS_BY_PANEL, NOW)


def follow(href: str) -> View:
    address = urlsplit(href)
    assert address.path == "/example.com"
    return parse_view(SITE, parse_qsl(address.query, keep_blank_values=True), TABS_BY_PANEL, NOW)


def values_of(asked: View) -> dict[str, tuple[str, ...]]:
    return {one.key: one.values for one in asked.filters}


def test_nothing_asked_is_the_usual_view() -> None:
    usual = view()
    assert (usual.period.name, usual.metric, usual.href) == (DEFAULT_PERIOD, "visitors", "/example.com")


def test_days_are_the_sites() -> None:
    late = parse_view(SITE, [("period", "day")], TABS_BY_PANEL, NOW + 4 * 3_600_000)
    assert late.period.start.isoformat() == "2026-03-11"


def test_what_makes_no_sense_is_ignored_but_a_wrong_period_is_said() -> None:
    odd = view(metric="colour", pages="colour", all="colour", colour="red")
    assert odd == view()
    with pytest.raises(QueryError):
        view(period="colour")
    with pytest.raises(QueryError):
        view(period="custom", to="2026-03-10")


def test_every_dimension_can_be_filtered_by() -> None:
    assert set(FILTERS.values()) == {
        name for name in COLUMNS if not name.endswith("_name") and name not in ("event:goal", "rejection:reason")
    }


def test_no_two_parts_of_an_address_have_the_same_name() -> None:
    others = {"period", "from", "to", "metric", "all", "by", "find", "sort", "leaf", *TABS_BY_PANEL}
    others |= {"compare", "against", "until", "add", "how", "value"}
    keys = [prefix + name for prefix in PREFIXES.values() for name in FILTERS]
    assert len(set(keys)) == len(keys)
    assert not others & set(keys)


def test_filters_become_conditions_and_equal_ones_are_alternatives() -> None:
    address = "/example.com?source=Google&source=Bing&has-page=/a&not-country=DE&hasnt-browser=Bot&prop-plan=pro"
    assert set(follow(address).query("pageviews", dimensions=("time",)).conditions) == {
        Comparison(Operator.CONTAINS, "event:page", ("/a",)),
        Comparison(Operator.IS, "visit:source", ("Google", "Bing")),
        Comparison(Operator.IS_NOT, "visit:country", ("DE",)),
        Comparison(Operator.CONTAINS_NOT, "visit:browser", ("Bot",)),
        Comparison(Operator.IS, "event:props:plan", ("pro",)),
    }


def test_a_filter_joins_those_like_it_and_can_compare_in_another_way() -> None:
    asked = view(source="Google").with_added(Filter("source", Operator.IS, ("Bing",)))
    assert values_of(asked) == {"source": ("Google", "Bing")}
    assert values_of(asked.with_operator(0, Operator.IS_NOT)) == {"not-source": ("Google", "Bing")}
    assert values_of(asked.with_filter("source", "Reddit")) == {"source": ("Reddit",)}
    assert values_of(asked.without_filters()) == {}


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
    assert values_of(follow(asked.with_filter("source", "a&b=c#d?e").href))["source"] == ("a&b=c#d?e",)
    for index, gone in enumerate(asked.filters):
        assert follow(asked.without_filter(index).href).filters == tuple(f for f in asked.filters if f != gone)
    assert follow(asked.with_whole("pages").href).whole == "pages"
    assert follow(asked.with_period("7d").href) == view(**(parts | {"period": "7d"}))


def test_custom_dates_are_kept_and_passed_on_by_the_form() -> None:
    asked = view(**{"period": "custom", "from": "2026-02-01", "to": "2026-02-03", "page": "/a", "metric": "visits"})
    assert follow(asked.href) == asked
    assert asked.hidden("period", "from", "to") == [("page", "/a"), ("metric", "visits")]
