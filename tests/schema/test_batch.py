from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.batch import (
    DAY_MS,
    MAX_CHUNK,
    MAX_NODE,
    WINDOW_MS,
    Window,
    batch_node,
    batch_number,
    batch_window,
    day_start_ms,
    utc_day,
)

windows = st.integers(0, 2**36 - 1).map(Window)


@given(st.integers(0, MAX_NODE), windows, st.integers(0, MAX_CHUNK))
def test_a_batch_number_names_its_node_and_window(node: int, window: Window, chunk: int) -> None:
    batch = batch_number(node, window, chunk)
    assert (batch_node(batch), batch_window(batch)) == (node, window)
    assert 0 <= batch < 2**64


@given(windows, windows)
def test_batches_of_a_node_sort_by_time(a: Window, b: Window) -> None:
    assert (batch_number(1, a, MAX_CHUNK) < batch_number(1, b)) == (a < b)


@given(st.integers(0, 4_102_444_800_000))
def test_every_instant_is_in_one_window_of_its_own_day(at_ms: int) -> None:
    window = Window.of(at_ms)
    assert window.start_ms <= at_ms < window.end_ms == window.next.start_ms
    assert window.day == utc_day(at_ms) == utc_day(window.end_ms - 1)


def test_a_day_is_288_windows() -> None:
    start = day_start_ms(date(2026, 3, 10))
    assert (Window.of(start + DAY_MS).index - Window.of(start).index, WINDOW_MS * 288) == (288, DAY_MS)
    assert Window.of(start + WINDOW_MS * 287).name == "2355"


@pytest.mark.parametrize(("node", "chunk"), [(-1, 0), (MAX_NODE + 1, 0), (0, -1), (0, MAX_CHUNK + 1)])
def test_a_number_out_of_range_is_refused(node: int, chunk: int) -> None:
    with pytest.raises(ValueError, match="out of range"):
        batch_number(node, Window(0), chunk)
