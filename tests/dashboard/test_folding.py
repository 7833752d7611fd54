"""Rare values: what is folded, that totals still add up, and that no difference of answers tells a small group."""

from typing import Any

import pytest

from dashboard.answer_json import as_json
from dashboard.folding import OTHER_NAME
from dashboard.period import parse_dates
from dashboard.query import Combination, Comparison, Connective, Operator
from schema.errors import QueryError
from schema.rollups import BY_NAME
from support.folded import DAYS, TODAY, UTC, K, ask, table, visits
from support.rollup_rows import RowWriter, row


@pytest.fixture(params=["embedded_rows", "server_rows"], ids=["embedded", "server"])
def rows(request: pytest.FixtureRequest) -> RowWriter:
    writer: RowWriter = request.getfixturevalue(request.param)
    return writer


def test_rare_values_are_one_row_that_is_marked_and_totals_add_up(rows: RowWriter) -> None:
    rows.add("visits", visits("Google", 9), visits("Bing", 6), visits("a", 4), visits("b", 2))
    answer = ask(rows, "visit:source", has_total_rows=True)
    assert table(answer) == {"Google": 9, "Bing": 6, OTHER_NAME: 6}
    assert [found.is_other for found in answer.rows] == [name == OTHER_NAME for name in table(answer)]
    assert (sum(table(answer).values()), answer.total_rows) == (table(ask(rows))[""], 3)
    shown = as_json(answer)
    assert [found.get("is_other") for found in shown["results"]].count(True) == 1
    assert shown["meta"]["folded"]["min_count"] == K


def test_too_little_that_is_rare_takes_the_rarest_of_the_others_along(rows: RowWriter) -> None:
    rows.add("visits", visits("Google", 9), visits("Bing", 6), visits("a", 2))
    assert table(ask(rows, "visit:source")) == {"Google": 9, OTHER_NAME: 8}


def test_where_nothing_is_rare_nothing_is_folded(rows: RowWriter) -> None:
    rows.add("visits", visits("Google", 9), visits("Bing", 6))
    assert table(ask(rows, "visit:source")) == {"Google": 9, "Bing": 6}


def test_the_owners_own_view_folds_nothing(rows: RowWriter) -> None:
    rows.add("visits", visits("Google", 9), visits("a", 1))
    assert table(ask(rows, "visit:source", min_count=0)) == {"Google": 9, "a": 1}


def test_a_day_that_is_not_over_is_folded_as_a_whole(rows: RowWriter) -> None:
    rows.add("visits", visits("Google", 9), visits("Google", 50, TODAY))
    assert table(ask(rows, "visit:source")) == {"Google": 9, OTHER_NAME: 50}


def test_each_day_is_folded_by_itself_so_that_leaving_a_day_out_tells_nothing(rows: RowWriter) -> None:
    rows.add("visits", *(visits("Google", 9, day) for day in DAYS), visits("x", 8, DAYS[0]), visits("x", 2, DAYS[1]))
    rows.add("visits", visits("y", 3, DAYS[1]))
    all_days = table(ask(rows, "visit:source", period=parse_dates("2026-03-07", "2026-03-09", UTC)))
    first_day = table(ask(rows, "visit:source", period=parse_dates("2026-03-07", "2026-03-07", UTC)))
    assert all_days == {"Google": 27, "x": 8, OTHER_NAME: 5}
    assert first_day == {"Google": 9, "x": 8}


@pytest.mark.parametrize(
    "condition",
    [
        Comparison(Operator.IS, "visit:source", ("a",)),
        Comparison(Operator.CONTAINS, "visit:source", ("a",)),
        Comparison(Operator.MATCHES, "visit:source", ("^a$",)),
        Comparison(Operator.IS, "visit:source", ("A",), is_case_sensitive=False),
        Combination(Connective.NOT, (Comparison(Operator.IS_NOT, "visit:source", ("a",)),)),
    ],
)
def test_no_filter_finds_a_rare_value(rows: RowWriter, condition: Any) -> None:
    rows.add("visits", visits("Google", 9), visits("Bing", 8), visits("a", 4), visits("b", 3))
    assert table(ask(rows, conditions=(condition,))) == {"": 0}
    without = Combination(Connective.NOT, (condition,))
    assert table(ask(rows, conditions=(without,))) == {"": 24}


def test_a_source_is_folded_inside_of_its_channel(rows: RowWriter) -> None:
    rows.add("visits", visits("Google", 8, channel="Organic Search"), visits("Ask", 1, channel="Organic Search"))
    rows.add("visits", visits("Letter", 7, channel="Email"))
    assert table(ask(rows, "visit:channel")) == {"Organic Search": 9, "Email": 7}
    assert table(ask(rows, "visit:source")) == {OTHER_NAME: 9, "Letter": 7}  # else 9 - 8 would tell of one


@pytest.mark.parametrize(
    ("dimensions", "metrics", "conditions"),
    [
        (("visit:source", "visit:country"), ["visits"], ()),
        (("visit:source",), ["visits"], (Comparison(Operator.IS, "visit:country", ("DE",)),)),
        (("event:page",), ["pageviews"], (Comparison(Operator.IS, "visit:source", ("x",)),)),
        (("visit:city",), ["visits"], ()),
        (("event:props:plan",), ["events"], ()),
        (("event:hostname",), ["pageviews"], ()),
        (("visit:source", "time:hour"), ["visits"], ()),
        (("event:page",), ["entries"], ()),
        (("visit:source",), ["events"], ()),
        (("event:currency",), ["total_revenue"], ()),
    ],
)
def test_what_cannot_be_folded_safely_is_refused_by_name(
    embedded_rows: RowWriter, dimensions: tuple[str, ...], metrics: list[str], conditions: tuple[Any, ...]
) -> None:
    with pytest.raises(QueryError, match="where rare values are folded") as refused:
        ask(embedded_rows, *dimensions, metrics=metrics, conditions=conditions)
    assert refused.value.field == "metrics"


def test_pages_events_and_rejections_are_folded_too(rows: RowWriter) -> None:
    at = {"at": f"{DAYS[0]} 10:00"}
    rows.add("pageviews", *(row(path=f"/{n}", pageviews=9, visitors=n, visits=n, **at) for n in (7, 3, 2)))
    rows.add("events", *(row(name=f"e{n}", events=9, visitors=n, visits=n, **at) for n in (7, 3, 2)))
    rows.add("rejections", *(row(reason=f"r{n}", hits=n, **at) for n in (7, 3, 2)))
    assert table(ask(rows, "event:page", metrics=["visitors"])) == {"/7": 7, OTHER_NAME: 5}
    assert table(ask(rows, "event:goal", metrics=["visitors"])) == {"e7": 7, OTHER_NAME: 5}
    assert table(ask(rows, "rejection:reason", metrics=["rejected"])) == {"r7": 7, OTHER_NAME: 5}


def test_every_rollup_that_is_folded_has_the_columns() -> None:
    from dashboard.folding import FOLDS
    from dashboard.vocabulary import TABLES

    for fold in FOLDS:
        rollup = BY_NAME[TABLES[fold.table].rollup]
        assert set(fold.columns(fold.chain[-1])) <= set(rollup.key_names)
        assert fold.people in rollup.measure_names


GERMANS = (Comparison(Operator.IS, "visit:country", ("DE",)),)


def test_a_segment_is_folded_by_its_own_people_and_does_not_fold_itself(rows: RowWriter) -> None:
    rows.add("visits", visits("Google", 9, country="DE"), visits("a", 6, country="DE"), visits("b", 4, country="DE"))
    rows.add("visits", visits("b", 90, country="FR"), visits("c", 80, country="FR"))
    assert table(ask(rows, segment=GERMANS)) == {"": 19}
    assert table(ask(rows, "visit:source", segment=GERMANS)) == {"Google": 9, OTHER_NAME: 10}
    assert table(ask(rows, "visit:source")) == {"Google": 9, "a": 6, "b": 94, "c": 80}


def test_a_segment_smaller_than_the_least_is_told_as_a_whole(rows: RowWriter) -> None:
    rows.add("visits", visits("Google", 2, country="DE"), visits("Bing", 1, country="DE"), visits("x", 50))
    assert table(ask(rows, "visit:source", segment=GERMANS)) == {OTHER_NAME: 3}


def test_a_segment_of_people_is_told_by_pages_and_one_of_a_page_by_people(rows: RowWriter) -> None:
    at = {"at": f"{DAYS[0]} 10:00"}
    for path, country, n in (("/a", "DE", 9), ("/b", "DE", 3), ("/c", "DE", 2), ("/a", "FR", 2), ("/b", "FR", 7)):
        rows.add("pageviews", row(path=path, country=country, pageviews=n, visitors=n, visits=n, **at))
    one, some = (
        (Comparison(Operator.IS, "event:page", ("/a",)),),
        (Comparison(Operator.MATCHES_WILDCARD, "event:page", ("/*",)),),
    )
    visitors = {"metrics": ["visitors"]}
    assert table(ask(rows, "event:page", segment=GERMANS, **visitors)) == {"/a": 9, OTHER_NAME: 5}
    assert table(ask(rows, "visit:country", segment=one, **visitors)) == {OTHER_NAME: 11}
    assert table(ask(rows, "event:page", segment=some, **visitors)) == {"/a": 11, OTHER_NAME: 12}
    with pytest.raises(QueryError, match="within the segment of this view"):
        ask(rows, "visit:country", segment=some, metrics=["pageviews"])
