"""No difference of folded answers tells a small group, whatever is asked."""

import datetime as dt
import itertools
import os
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.folding import OTHER_NAME
from dashboard.period import Period, parse_dates
from dashboard.query import Combination, Comparison, Connective, Operator, Order
from support.folded import DAYS, UTC, K, ask, visits
from support.rollup_rows import RowWriter

EXAMPLES = int(os.environ.get("FOOTFALL_TEST_FOLDS", "60"))


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
