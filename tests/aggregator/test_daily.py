from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from aggregator.archive import Archive
from aggregator.backup import back_up
from aggregator.daily import RECENT_DAYS, RETRY_MS, Daily
from aggregator.loader import Loader
from schema.batch import DAY_MS, utc_day
from schema.store import Store
from support.embedded import shared_store
from support.fallible_store import FallibleStore
from support.hits import at
from support.two_sites import SPRING, archived_rows, files, since, stored_rows, two_sites

NOW_MS = at("00:01", "2026-06-21")


class Rig:
    """What is done once a day, on an archive of three months of which two are kept besides the current one."""

    def __init__(self, directory: Path, store: Store, backup: Path | None, keep_months: int = 3) -> None:
        self.archive = two_sites(directory / "archive") if not (directory / "archive").exists() else None
        self.archive = self.archive or Archive(directory / "archive", 1)
        for day in range(RECENT_DAYS):
            self.archive.directory(utc_day(NOW_MS - (day + 1) * DAY_MS)).mkdir(exist_ok=True)
        self.spool_dir = directory / "spool"
        self.daily = Daily(
            self.archive, store, self.spool_dir, utc_day, keep_months=keep_months, backup_directory=backup
        )


@pytest.fixture
def store() -> Iterator[Store]:
    with shared_store() as store:
        yield store


def test_once_a_day_old_months_are_dropped_and_the_archive_is_copied(tmp_path: Path, store: Store) -> None:
    rig = Rig(tmp_path, store, tmp_path / "backup")
    Loader(rig.archive, store).reconcile()
    expected = since(archived_rows(rig.archive), date(2026, 3, 1))
    report = rig.daily.step(NOW_MS)
    assert report.pruned
    rig.daily.join()
    assert archived_rows(rig.archive) == stored_rows(store) == expected
    report = rig.daily.step(NOW_MS + 1)
    assert report.backed_up
    assert report.problems == []
    assert archived_rows(Archive(tmp_path / "backup" / "archive", 1)) == expected
    assert rig.daily.status == {"backup": "ok", "backup_completed": NOW_MS // 1000, "pruning": "ok"}
    assert rig.daily.step(NOW_MS + RETRY_MS).backed_up is None
    rig.daily.step(NOW_MS + DAY_MS)
    rig.daily.join()
    assert rig.daily.step(NOW_MS + DAY_MS).backed_up


def test_nothing_is_done_before_yesterday_is_closed(tmp_path: Path, store: Store) -> None:
    rig = Rig(tmp_path, store, tmp_path / "backup")
    (rig.spool_dir / "2026-06-20").mkdir(parents=True)
    assert rig.daily.step(NOW_MS).pruned is None
    assert not (tmp_path / "backup").exists()
    (rig.spool_dir / "2026-06-20").rmdir()
    assert rig.daily.step(NOW_MS).pruned
    rig.daily.join()
    assert (tmp_path / "backup").exists()


def test_a_backup_that_fails_is_a_problem_and_tried_again_an_hour_later(tmp_path: Path, store: Store) -> None:
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup" / "photographs").touch()
    rig = Rig(tmp_path, store, tmp_path / "backup")
    rig.daily.step(NOW_MS)
    rig.daily.join()
    report = rig.daily.step(NOW_MS)
    assert len(report.problems) == 1
    assert "something else" in str(rig.daily.status["backup"])
    (tmp_path / "backup" / "photographs").unlink()
    assert rig.daily.step(NOW_MS + RETRY_MS - 1).problems == []
    rig.daily.step(NOW_MS + RETRY_MS)
    rig.daily.join()
    assert rig.daily.status["backup"] == "ok"


def test_after_a_restart_it_is_known_when_the_last_backup_was(tmp_path: Path, store: Store) -> None:
    back_up(two_sites(tmp_path / "archive"), tmp_path / "backup", NOW_MS)
    rig = Rig(tmp_path, store, tmp_path / "backup")
    assert rig.daily.status["backup_completed"] == NOW_MS // 1000
    rig.daily.step(NOW_MS + 5)
    rig.daily.join()
    assert rig.daily.step(NOW_MS + 6).backed_up is None


def test_for_ever_means_that_nothing_is_dropped_and_no_directory_that_nothing_is_copied(
    tmp_path: Path, store: Store
) -> None:
    rig = Rig(tmp_path, store, None, keep_months=0)
    before = files(tmp_path)
    assert rig.daily.step(NOW_MS).pruned is None
    assert files(tmp_path) == before
    assert rig.daily.status["backup"] == "off"


def test_a_store_that_does_not_answer_holds_nothing_up(tmp_path: Path, store: Store) -> None:
    down = FallibleStore(store, is_down=True)
    rig = Rig(tmp_path, down, None)
    assert rig.daily.step(NOW_MS).problems == []
    assert rig.daily.status["pruning"] != "ok"
    down.is_down = False
    assert rig.daily.step(NOW_MS + RETRY_MS).pruned
    assert rig.archive.days()[0].isoformat() == SPRING


def test_a_clock_that_is_years_ahead_takes_nothing(tmp_path: Path, store: Store) -> None:
    """Not even after some days: the months of all the years before would be gone for good."""
    rig = Rig(tmp_path, store, None)
    ahead_ms = NOW_MS + 3653 * DAY_MS
    before = archived_rows(rig.archive)
    for day in range(RECENT_DAYS):
        assert rig.daily.step(ahead_ms + day * DAY_MS).pruned is None
        rig.archive.directory(utc_day(ahead_ms + day * DAY_MS)).mkdir()  # something was counted on it
    assert archived_rows(rig.archive) == before
    assert rig.daily.step(ahead_ms + RECENT_DAYS * DAY_MS).pruned


def compacted(daily: Daily, now_ms: int) -> list[tuple[date, date]]:
    """What is compacted in as many steps as that takes."""
    found = []
    while (report := daily.step(now_ms)).compacted:
        found.append(report.compacted)
    return found


def spring(root: Path) -> Archive:
    """Closed days of two months, and one that is open."""
    return two_sites(root, days=("2026-05-07", "2026-05-30", "2026-06-08", "2026-06-09", "2026-06-20"))


MAY, JUNE = (date(2026, 5, 1), date(2026, 5, 31)), (date(2026, 6, 1), date(2026, 6, 10))


def test_months_and_thirds_that_are_over_are_compacted_and_then_copied(tmp_path: Path, store: Store) -> None:
    expected = archived_rows(spring(tmp_path / "archive"))
    rig = Rig(tmp_path, store, tmp_path / "backup")
    assert compacted(rig.daily, NOW_MS) == [MAY, JUNE]
    rig.daily.join()
    assert archived_rows(rig.archive) == archived_rows(Archive(tmp_path / "backup" / "archive", 1)) == expected
    assert compacted(rig.daily, NOW_MS + DAY_MS) == []
    rig.daily.join()


def test_what_is_in_the_spool_is_not_closed_by_compacting(tmp_path: Path, store: Store) -> None:
    spring(tmp_path / "archive")
    rig = Rig(tmp_path, store, None)
    (rig.spool_dir / "2026-05-31").mkdir(parents=True)
    assert compacted(rig.daily, NOW_MS + 2 * RETRY_MS) == []
    (rig.spool_dir / "2026-05-31").rename(rig.spool_dir / "2026-06-10")
    assert compacted(rig.daily, NOW_MS + DAY_MS + 2 * RETRY_MS) == [MAY]


def test_a_clock_that_is_years_ahead_compacts_nothing(tmp_path: Path, store: Store) -> None:
    """It would close the days of this month, of which hits are still to come."""
    spring(tmp_path / "archive")
    assert compacted(Rig(tmp_path, store, None).daily, NOW_MS + 3653 * DAY_MS) == []
