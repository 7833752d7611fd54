"""Rare values: what is folded, that totals still add up, and that no difference of answers tells a small group."""

import datetime as dt
import itertools
import os
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.answer import Answer
from dashboard.answer_json import as_json
from dashboard.counts import Counts
from dashboard.folding import OTHER_NAME
from dashboard.period import Period, parse_dates, parse_period
from dashboard.query import Combination, Comparison, Connective, Operator, Order, Query
from schema.errors import QueryError
from schema.rollups import BY_NAME
from support.rollup_rows import SITE, RowWriter, row

UTC = ZoneInfo("UTC")
TODAY = dt.date(2026, 3, 10)
NOW = 1_773_144_000_000
K = 5
DAYS = (dt.date(2026, 3, 7), dt.date(2026, 3, 8), dt.date(2026, 3, 9))
WEEK = parse_period("7d", TODAY, UTC)
EXAMPLES = int(os.environ.get("FOOTFALL_TEST_FOLDS", "60"))


@pytest.fixture(params=["embedded_rows", "server_rows"], ids=["embedded", "server"])
def rows(request: pytest.FixtureRequest) -> RowWriter:
    writer: RowWriter = request.getfixturevalue(request.param)
    return writer


def visits(source: str, people: int, day: dt.date = DAYS[0], **more: Any) -> dict[str, Any]:
    return row(source=source, visits=people, visitors=people, pageviews=people, at=f"{day} 10:00", **more)


def ask(rows: RowWriter, *dimensions: str, metrics: Sequence[str] = ("visits",), **more: Any) -> Answer:
    more = {"period": WEEK, "min_count": K} | more
    query = Query(SITE, more.pop("period"), tuple(metrics), dimensions, **more)
    return Counts(rows.store, []).ask(query, NOW)


def table(answer: Answer) -> dict[str, Any]:
    return {" ".join(found.dimensions): found.metrics[0] for found in answer.rows}


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


PERIODS: tuple[Period, ...] = tuple(
    parse_dates(str(first), str(last), UTC) for first, last in itertools.combinations_with_replacement(DAYS, 2)
)
SOURCES = ("", "s", "t", "u")
CHANNELS = ("c", "d")
CELLS = list(itertools.product(DAYS, CHANNELS, SOURCES))


def conditions_on() -> st.SearchStrategy[Any]:
    dimension = st.sampled_from(["visit:source", "visit:channel"])
    leaf = st.builds(
        Comparison,
        st.sampled_from(list(Operator)),
        dimension,
        st.lists(st.sampled_from(["s", "t", "u", "c", "d", OTHER_NAME]), min_size=1, max_size=2).map(tuple),
        st.just(True),
    )
    return st.recursive(
        leaf,
        lambda inner: (
            st.builds(lambda one: Combination(Connective.NOT, (one,)), inner)
            | st.builds(
                lambda word, some: Combination(word, tuple(some)),
                st.sampled_from([Connective.AND, Connective.OR]),
                st.lists(inner, min_size=1, max_size=2),
            )
        ),
        max_leaves=3,
    )


QUESTIONS = st.builds(
    lambda period, dimensions, condition, order, limit, offset: {
        "period": period,
        "dimensions": dimensions,
        "conditions": condition,
        "order": (Order("visitors", order),),
        "limit": limit,
        "offset": offset,
    },
    st.sampled_from(PERIODS),
    st.sampled_from([(), ("visit:source",), ("visit:channel",), ("visit:channel", "visit:source"), ("time:day",)]),
    st.none() | conditions_on(),
    st.booleans(),
    st.sampled_from([1, 2, 100]),
    st.sampled_from([0, 1]),
)


@settings(deadline=None, max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.integers(0, 9), min_size=len(CELLS), max_size=len(CELLS)),
    st.lists(QUESTIONS, min_size=2, max_size=5),
    st.sampled_from([None, ("visit:channel", 1, "c"), ("visit:source", 2, "s")]),
)
def test_no_difference_of_answers_tells_of_a_small_group(
    embedded_rows: RowWriter,
    people: list[int],
    questions: list[dict[str, Any]],
    shared: tuple[str, int, str] | None,
) -> None:
    """Every number is a sum of cells of one partition of the people, and every cell has K people, or its whole day.

    Whatever is added to or taken from each other then, is a sum of whole cells again. Who sees a segment only, sees
    cells of its people only.
    """
    embedded_rows.store.execute("TRUNCATE TABLE visits")
    counted = dict(zip(CELLS, people, strict=True))
    embedded_rows.add(
        "visits",
        *(visits(source, n, day, channel=channel) for (day, channel, source), n in counted.items() if n),
        visits("", 0),
    )
    segment = (Comparison(Operator.IS, shared[0], (shared[2],)),) if shared else ()
    if shared:
        counted = {key: n for key, n in counted.items() if key[shared[1]] == shared[2]}
    cells = cut(counted)
    by_day = {day: sum(n for (d, _, _), n in counted.items() if d == day) for day in DAYS}
    assert all(n >= K or n == by_day[day] for (day, _), n in cells.items())
    for question in questions:
        dimensions, condition = question.pop("dimensions"), question.pop("conditions")
        conditions = (condition,) if condition else ()
        answer = ask(
            embedded_rows, *dimensions, metrics=["visitors"], conditions=conditions, segment=segment, **question
        )
        inside = [n for (day, _), n in cells.items() if question["period"].start <= day < question["period"].end]
        sums = {sum(some) for size in range(len(inside) + 1) for some in itertools.combinations(inside, size)}
        assert all(found.metrics[0] in sums for found in answer.rows), (dimensions, condition)


def cut(counted: dict[Any, int]) -> dict[tuple[dt.date, frozenset[Any]], int]:
    """The cells of every day, by plain loops: channels first, then the sources in each."""
    cells: dict[tuple[dt.date, frozenset[Any]], int] = {}
    for day in DAYS:
        here = {(channel, source): n for (d, channel, source), n in counted.items() if d == day and n}
        of_channel = {c: {key: n for key, n in here.items() if key[0] == c} for c, _ in here}
        for some in partition({c: sum(found.values()) for c, found in of_channel.items()}):
            if len(some) > 1 or sum(of_channel[some[0]].values()) < K:
                whole = {key for channel in some for key in of_channel[channel]}
                cells[day, frozenset(whole)] = sum(here[key] for key in whole)
                continue
            for sources in partition(of_channel[some[0]]):
                cells[day, frozenset(sources)] = sum(here[key] for key in sources)
    return cells


def partition(sizes: dict[Any, int]) -> list[tuple[Any, ...]]:
    """Each value of K people by itself, and the others together; with the rarest of the first, if they are too few."""
    alone = [value for value, n in sizes.items() if n >= K]
    rare = [value for value, n in sizes.items() if n < K]
    if rare and sum(sizes[value] for value in rare) < K and alone:
        least = min(sizes[value] for value in alone)
        rare += [value for value in alone if sizes[value] == least]
        alone = [value for value in alone if sizes[value] != least]
    return [*((value,) for value in alone), *([tuple(rare)] if rare else [])]


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
