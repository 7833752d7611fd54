"""From JSON to a query: what is understood, what is refused and how."""

import contextlib
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.answer_json import describe
from dashboard.formulas import METRICS
from dashboard.query import Combination, Comparison, Connective, Operator, Order, Query
from dashboard.question import MAX_COMPARISONS, MAX_DEPTH, decode_question, read_question
from dashboard.vocabulary import DIMENSIONS
from schema.errors import QueryError
from schema.settings import SiteSettings

SITE = SiteSettings("example.com", timezone="Europe/Berlin")
NOW = 1_773_138_600_000  # 2026-03-10 11:30 in Berlin
PLAIN: dict[str, Any] = {"site_id": "example.com", "metrics": ["visitors"], "date_range": "7d"}


def read(**changes: Any) -> Query:
    body = json.dumps({name: value for name, value in (PLAIN | changes).items() if value is not ...})
    return read_question(decode_question(body.encode()), SITE, NOW)


def test_a_short_question_has_defaults_for_the_rest() -> None:
    query = read()
    assert (query.period.start.isoformat(), query.period.last.isoformat()) == ("2026-03-04", "2026-03-10")
    assert (query.dimensions, query.conditions, query.limit, query.offset) == ((), (), 10_000, 0)


def test_everything_at_once() -> None:
    query = read(
        metrics=["visits", "pageviews"],
        date_range=["2026-02-01", "2026-02-28"],
        dimensions=["visit:country", "time:week"],
        filters=[
            ["is", "visit:source", ["Google", "Bing"]],
            ["or", [["contains", "visit:utm_campaign", ["spring"]], ["not", ["is_not", "visit:device", ["Mobile"]]]]],
        ],
        order_by=[["pageviews", "desc"], ["visit:country", "asc"]],
        pagination={"limit": 20, "offset": 40},
        include={"imports": True, "time_labels": True, "total_rows": True},
    )
    assert query.metrics == ("visits", "pageviews")
    assert query.dimensions == ("visit:country", "time:week")
    assert query.conditions == (
        Comparison(Operator.IS, "visit:source", ("Google", "Bing")),
        Combination(
            Connective.OR,
            (
                Comparison(Operator.CONTAINS, "visit:utm_campaign", ("spring",)),
                Combination(Connective.NOT, (Comparison(Operator.IS_NOT, "visit:device", ("Mobile",)),)),
            ),
        ),
    )
    assert query.order == (Order("pageviews", True), Order("visit:country", False))
    assert (query.limit, query.offset, query.has_time_labels, query.has_total_rows) == (20, 40, True, True)


def nested(depth: int) -> list[Any]:
    condition: list[Any] = ["is", "visit:source", ["x"]]
    for _ in range(depth):
        condition = ["not", condition]
    return condition


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"site_id": ...}, "body", "site_id"),
        ({"site_id": 5}, "site_id", "str"),
        ({"metrics": []}, "metrics", "visitors"),
        ({"metrics": ["visitor"]}, "metrics", "visitors"),
        ({"metrics": ["visitorz"]}, "metrics", "'visitorz' is unknown; ask for one of visitors, "),
        ({"metrics": ["x" * 41]}, "metrics", f"'{'x' * 40}…' is unknown"),
        ({"metrics": ["visits", "a\nb"]}, "metrics", "number 2 is unknown"),
        ({"metrics": ["visits", "visits"]}, "metrics", "twice"),
        ({"metrics": "visitors"}, "metrics", "array"),
        ({"dimensions": ["visit:shoe"]}, "dimensions", "visit:country"),
        ({"dimensions": ["event:page", "event:page"]}, "dimensions", "twice"),
        ({"dimensions": ["visit:os", "visit:device", "visit:browser"]}, "dimensions", "2 at most"),
        ({"dimensions": ["time:day", "time:week"]}, "dimensions", "one of time"),
        ({"date_range": "5d"}, "date_range", "28d"),
        ({"date_range": ["2026-01-01"]}, "date_range", "two dates"),
        ({"date_range": ["2026-01-01T00:00:30Z", "2026-01-02T00:00:00Z"]}, "date_range", "by the site's local hour"),
        ({"date_range": ["2026-01-01T10:00:00Z", "2026-01-01T09:00:00Z"]}, "date_range", "before it begins"),
        ({"date_range": ["2026-01-01T10", "soonT"]}, "date_range", "ISO 8601"),
        ({"date_range": ["1970-01-01", "2026-01-01"], "dimensions": ["time:hour"]}, "date_range", "longer ones"),
        ({"filters": [["is", "time:day", ["2026-01-01"]]]}, "filters", "event:page"),
        ({"filters": [["is", "visit:shoe", ["Berlin"]]]}, "filters", "event:page"),
        ({"filters": [["matches", "event:page", ["/a("]]]}, "filters", "RE2"),
        ({"filters": [["is", "event:page", []]]}, "filters", "contains_not"),
        ({"filters": [["is", "event:page", [5]]]}, "filters", "texts"),
        ({"filters": [["is", "event:page", ["x" * 2001]]]}, "filters", "2000"),
        ({"filters": [["contains", "event:page", [""]]]}, "filters", "empty"),
        ({"filters": [["is", "event:page", ["/"], {"colour": False}]]}, "filters", "modifier"),
        ({"filters": [["matches", "event:page", ["/"], {"case_sensitive": False}]]}, "filters", "(?i)"),
        ({"filters": [["matches", "event:page", ["x" * 501]]]}, "filters", "500 characters"),
        ({"filters": [["matches", "event:page", ["(?=a)"]]]}, "filters", "RE2"),
        ({"filters": [["matches", "event:page", ["((a{1000}){1000})"]]]}, "filters", "RE2"),
        ({"filters": [["has_done", ["is", "event:name", ["x"]]]]}, "filters", "has_done cannot be told"),
        ({"filters": [["has_not_done", ["is", "event:name", ["x"]]]]}, "filters", "has_not_done cannot be told"),
        ({"filters": [["and", []]]}, "filters", "contains_not"),
        ({"filters": ["is", "event:page", ["/"]]}, "filters", "contains_not"),
        ({"filters": [nested(MAX_DEPTH)]}, "filters", "nested"),
        ({"filters": [["is", "visit:source", ["x"]]] * (MAX_COMPARISONS + 1)}, "filters", "too much"),
        ({"filters": [["is", "visit:source", ["x"] * 201]]}, "filters", "too much"),
        ({"order_by": [["pageviews", "desc"]]}, "order_by", "visitors"),
        ({"order_by": [["visitors", "down"]]}, "order_by", "asc, desc"),
        ({"order_by": [["visitors"]]}, "order_by[0]", "length"),
        ({"pagination": {"limit": 0}}, "pagination.limit", "1 to 10000"),
        ({"pagination": {"limit": 10_001}}, "pagination.limit", "1 to 10000"),
        ({"pagination": {"offset": -1}}, "pagination.offset", "from 0"),
        ({"pagination": {"page": 2}}, "pagination", "page"),
        ({"include": {"time_labels": True}}, "include.time_labels", "time:day"),
        ({"include": {"comparisons": {}}}, "include.comparisons", "mode"),
        ({"include": {"comparisons": {"mode": "custom"}}}, "include.comparisons.date_range", "goes with"),
        (
            {"include": {"comparisons": {"mode": "previous_period"}}, "date_range": "all"},
            "include.comparisons",
            "no such",
        ),
        ({"colour": "red"}, "body", "colour"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_field_and_with_what_can(
    changes: dict[str, Any], field: str, says: str
) -> None:
    with pytest.raises(QueryError) as refused:
        read(**changes)
    assert refused.value.field == field
    assert says in refused.value.problem


DEEP = b'{"site_id": "x", "metrics": [], "date_range": "7d", "filters": ' + b"[" * 100_000


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b'{"site_id": "\\ud800"}', DEEP])
def test_what_is_no_question_at_all_is_refused(body: bytes) -> None:
    with pytest.raises(QueryError) as refused:
        decode_question(body)
    assert refused.value.field == "body"


@pytest.mark.parametrize("body", [b"[]", b"null", b"5"])
def test_a_body_that_is_no_object_is_told_so(body: bytes) -> None:
    with pytest.raises(QueryError, match="body: must be a JSON object"):
        decode_question(body)


WORDS = st.sampled_from([*METRICS, *DIMENSIONS, "is", "is_not", "contains", "and", "or", "not", "asc", "7d", "x"])
JSON = st.recursive(
    WORDS | st.text(max_size=5) | st.integers() | st.floats(allow_nan=False) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)
FIELDS = {
    "metrics": st.lists(st.sampled_from(METRICS), min_size=1, max_size=3) | JSON,
    "date_range": st.sampled_from(["day", "7d", "12mo"]) | st.lists(st.dates().map(str), max_size=3) | JSON,
    "dimensions": st.lists(st.sampled_from(DIMENSIONS), max_size=3) | JSON,
    "filters": st.lists(
        st.tuples(
            st.sampled_from(list(Operator)) | st.just("or"),
            st.sampled_from(DIMENSIONS),
            st.lists(st.text(max_size=5), max_size=3),
        ),
        max_size=3,
    )
    | JSON,
    "order_by": st.lists(st.tuples(WORDS, WORDS), max_size=2) | JSON,
    "pagination": st.fixed_dictionaries({}, optional={"limit": st.integers(), "offset": st.integers()}) | JSON,
    "include": st.fixed_dictionaries({}, optional={"time_labels": st.booleans(), "total_rows": st.booleans()}) | JSON,
}


@settings(deadline=None)
@given(st.fixed_dictionaries({}, optional=FIELDS))
def test_any_json_is_either_a_query_or_refused(parts: dict[str, Any]) -> None:
    body = msgspec.json.encode(PLAIN | parts)
    with contextlib.suppress(QueryError):
        query = read_question(decode_question(body), SITE, NOW)
        again = read_question(decode_question(msgspec.json.encode(describe(query))), SITE, NOW)
        assert describe(again) == describe(query)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_either_a_question_or_refused(body: bytes) -> None:
    with contextlib.suppress(QueryError):
        assert decode_question(body).site_id
