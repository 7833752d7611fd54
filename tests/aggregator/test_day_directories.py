from datetime import date
from pathlib import Path

from aggregator.day_directories import days_in


def test_only_days_are_days_oldest_first(tmp_path: Path) -> None:
    for name in ("2026-03-11", "2026-03-10", "quarantine", "lost+found", "20260312", "2026-W11-5", "2026-02-30"):
        (tmp_path / name).mkdir()
    assert days_in(tmp_path) == [date(2026, 3, 10), date(2026, 3, 11)]


def test_a_directory_that_is_not_there_has_none(tmp_path: Path) -> None:
    assert days_in(tmp_path / "spool") == []
