"""Frames as columns: rows chosen and put together, the same for every column."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.columns import Columns, height, joined, take

ROWS = st.lists(st.tuples(st.integers(-5, 5), st.booleans()), max_size=12)


def columns(rows: list[tuple[int, bool]]) -> Columns:
    return {"n": np.array([n for n, _ in rows], np.int64), "flag": np.array([flag for _, flag in rows], np.bool_)}


def rows_of(found: Columns) -> list[tuple[int, bool]]:
    return list(zip(found["n"].tolist(), found["flag"].tolist(), strict=True))


@settings(deadline=None)
@given(ROWS)
def test_flags_choose_the_rows_that_places_choose(rows: list[tuple[int, bool]]) -> None:
    whole = columns(rows)
    flags = whole["flag"]
    assert rows_of(take(whole, flags)) == rows_of(take(whole, np.flatnonzero(flags))) == [row for row in rows if row[1]]


def test_rows_are_given_in_the_order_asked_for_and_as_often() -> None:
    assert rows_of(take(columns([(1, True), (2, False)]), np.array([1, 0, 1]))) == [(2, False), (1, True), (2, False)]


def test_only_the_columns_asked_for_are_taken() -> None:
    assert list(take(columns([(1, True)]), np.array([0]), ["n"])) == ["n"]
    assert list(take(columns([(1, True)]), np.array([True]), ["n"])) == ["n"]


@settings(deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=4))
def test_parts_are_joined_one_after_the_other(parts: list[list[tuple[int, bool]]]) -> None:
    whole = joined([columns(part) for part in parts])
    assert rows_of(whole) == [row for part in parts for row in part]
    assert height(whole) == sum(map(len, parts))
