"""What waits for its window: every record once, on one side of each cut, and few frames whatever came."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import arrivals
from aggregator.arrivals import Arrivals
from aggregator.columns import Columns, height
from schema.batch import WINDOW_MS, Window

INSTANTS = st.integers(0, 6 * WINDOW_MS - 1)
FRAMES = st.lists(st.lists(INSTANTS, max_size=8), max_size=6)
ENDS = st.integers(0, 6).map(lambda windows: windows * WINDOW_MS)


def frame(instants: list[int]) -> Columns:
    return {"at": np.array(instants, np.int64)}


def waiting(frames: list[list[int]]) -> Arrivals:
    arrived = Arrivals(frame([]))
    for instants in frames:
        arrived.add(frame(instants))
    return arrived


def all_of(frames: list[list[int]]) -> list[int]:
    return sorted(at for instants in frames for at in instants)


@settings(deadline=None)
@given(FRAMES, ENDS)
def test_a_cut_parts_what_came_before_from_what_came_later(frames: list[list[int]], end: int) -> None:
    arrived = waiting(frames)
    assert sorted(arrived.before(end)["at"].tolist()) == [at for at in all_of(frames) if at < end]
    arrived.drop_before(end)
    assert height(arrived.before(end)) == 0
    assert sorted(arrived.before(6 * WINDOW_MS)["at"].tolist()) == [at for at in all_of(frames) if at >= end]


@settings(deadline=None)
@given(FRAMES, ENDS, st.integers(0, 20), st.integers(0, 5).map(Window))
def test_a_fold_ends_with_the_window_that_goes_beyond_its_size(
    frames: list[list[int]], end: int, rows: int, first: Window
) -> None:
    arrived = waiting(frames)
    arrived.drop_before(end)
    left = [at for at in all_of(frames) if at >= end]
    window = arrived.window_after(rows, first)
    if len(left) <= rows:
        assert window.index == 2**40
    else:
        assert window == max(first, Window.of(left[rows]))


def test_many_small_frames_become_few() -> None:
    arrived = waiting([[at] for at in range(1000)])
    assert len(arrived.frames) < 12
    assert sum(map(height, arrived.frames)) == 1000


def test_large_frames_are_left_as_they_are() -> None:
    large = list(range(arrivals._FRAME_ROWS + 1))
    assert [height(part) for part in waiting([large, [1]]).frames] == [len(large), 1]


def test_frames_can_be_replaced_by_the_same_records_with_other_numbers() -> None:
    arrived = waiting([[1, WINDOW_MS]])
    arrived.replace([part | {"site": np.array([7, 8])} for part in arrived.frames])
    assert arrived.frames[0]["site"].tolist() == [7, 8]
    arrived.drop_before(WINDOW_MS)
    assert arrived.frames[0]["site"].tolist() == [8]
