import time
from pathlib import Path

import pytest

from collector.spool_space import SpoolSpace
from schema.reserve import RESERVE_NAME, Reserve
from schema.settings import SpoolSettings
from support.small_volume import fill, small_volume


def test_a_spool_with_room_has_no_problem(tmp_path: Path) -> None:
    assert SpoolSpace(SpoolSettings(min_free_bytes=0), tmp_path).problem() == ""


def test_a_spool_that_has_reached_its_size_says_which_setting_stops_it(tmp_path: Path) -> None:
    (tmp_path / "2026-03-10").mkdir()
    (tmp_path / "2026-03-10" / "one.sealed").write_bytes(bytes(600))
    (tmp_path / "2026-03-10" / "two.open").write_bytes(bytes(400))
    assert SpoolSpace(SpoolSettings(max_bytes=1001, min_free_bytes=0), tmp_path).problem() == ""
    assert "spool.max_bytes" in SpoolSpace(SpoolSettings(max_bytes=1000, min_free_bytes=0), tmp_path).problem()


def test_what_was_written_since_counts(tmp_path: Path) -> None:
    space = SpoolSpace(SpoolSettings(max_bytes=1000, min_free_bytes=0), tmp_path)
    assert space.problem() == ""
    space.add(1000)
    assert "spool.max_bytes" in space.problem()


def test_a_full_volume_says_which_setting_stops_it(tmp_path: Path) -> None:
    assert "spool.min_free_bytes" in SpoolSpace(SpoolSettings(min_free_bytes=2**60), tmp_path).problem()


def test_the_reserve_is_made_at_the_start_and_is_not_counted(tmp_path: Path) -> None:
    space = SpoolSpace(SpoolSettings(max_bytes=1, min_free_bytes=0), tmp_path)
    assert (tmp_path / RESERVE_NAME).exists()
    assert space.problem() == ""


def test_a_full_volume_is_a_problem_until_the_reserve_is_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the floor is, a worker that starts on a full volume refuses hits, and goes on by itself."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with small_volume(tmp_path / "spool", 16) as spool:
        fill(spool / "other")
        space = SpoolSpace(SpoolSettings(min_free_bytes=0), spool)
        assert "reserve" in space.problem()
        (spool / "other").unlink()
        now[0] += 1
        assert space.problem() == ""


def test_a_reserve_that_another_worker_gave_up_is_missed_within_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with small_volume(tmp_path / "spool", 16) as spool:
        space = SpoolSpace(SpoolSettings(min_free_bytes=0), spool)
        assert space.problem() == ""
        fill(spool / "other")
        Reserve(spool).give_up()
        now[0] += 1
        assert "reserve" in space.problem()
