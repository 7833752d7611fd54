from pathlib import Path

import pytest

from schema.batch import DAY_MS
from schema.errors import ClockError
from schema.fence import check_fence, raise_fence, read_fence
from support.disk_calls import disk_calls


def test_there_is_no_fence_at_first(tmp_path: Path) -> None:
    assert read_fence(tmp_path) == 0


def test_the_fence_never_goes_backwards(tmp_path: Path) -> None:
    assert [raise_fence(tmp_path, at_ms) for at_ms in (100, 50, 200)] == [100, 100, 200]
    assert read_fence(tmp_path) == 200


def test_a_fence_later_today_is_a_clock_that_was_set_back_a_little(tmp_path: Path) -> None:
    raise_fence(tmp_path, DAY_MS + 7200)
    check_fence(tmp_path, DAY_MS + 3600)


def test_a_fence_on_a_later_day_stops_the_start_and_names_the_file(tmp_path: Path) -> None:
    raise_fence(tmp_path, 100 * DAY_MS)
    with pytest.raises(ClockError, match=r"1970-04-11.*1970-01-02") as caught:
        check_fence(tmp_path, DAY_MS)
    assert str(tmp_path / "fence") in caught.value.hint


def test_a_fence_that_could_not_be_synced_is_synced_by_the_next_call(tmp_path: Path) -> None:
    """The rename may have happened, and only the sync of the directory failed."""
    raise_fence(tmp_path, 100)
    with disk_calls() as calls:
        raise_fence(tmp_path, 100)
    assert calls == [("fsync", tmp_path.name)]
