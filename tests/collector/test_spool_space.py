from pathlib import Path

from collector.spool_space import SpoolSpace
from schema.settings import SpoolSettings


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
