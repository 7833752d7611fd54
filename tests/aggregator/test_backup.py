import os
import shutil
import threading
from datetime import date
from pathlib import Path

import pytest

from aggregator.archive import Archive
from aggregator.backup import back_up, copy_archive, read_marker
from aggregator.compaction import compact_day
from aggregator.months import compact_span
from aggregator.removal import DroppedMonths, ForgottenSite, write_removals
from aggregator.replacement import finish
from aggregator.thinning import thin
from schema.directory_lock import lock_directory
from schema.errors import ArchiveDamagedError, DataDirInUseError, RetryError, StopError
from support.batches import archive_of, flip_bit
from support.interrupted import every_interruption, pulled_plug
from support.two_sites import (
    LEAVING,
    SPRING,
    STAYING,
    SUMMER,
    UNTIL_MS,
    WINTER,
    archived_rows,
    files,
    records_of,
    since,
    two_sites,
    without_site,
)

NOW_MS = UNTIL_MS
MARCH = date(2026, 3, 1)
REMOVAL = ForgottenSite(LEAVING, UNTIL_MS, is_done=True)


def copy_of(backup: Path) -> Archive:
    return Archive(backup / "archive", 1)


def remove_for_good(archive: Archive, removal: ForgottenSite | DroppedMonths) -> None:
    write_removals(archive.root, [removal])
    thin(archive, [removal])


def test_a_backup_is_the_archive_byte_for_byte_and_a_second_run_copies_nothing(tmp_path: Path) -> None:
    archive = two_sites(tmp_path / "archive")
    report = back_up(archive, tmp_path / "backup", NOW_MS)
    assert (report.days, report.problems) == (3, [])
    assert files(tmp_path / "backup" / "archive") == files(tmp_path / "archive")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "backup" / "archive").rglob("*")}
    again = back_up(archive, tmp_path / "backup", NOW_MS + 1)
    assert (again.days, again.files, again.bytes) == (0, 0, 0)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "backup" / "archive").rglob("*")} == before
    marker = read_marker(tmp_path / "backup")
    assert marker
    assert marker.completed_ms == NOW_MS + 1


def test_only_what_is_new_is_copied(tmp_path: Path) -> None:
    archive = two_sites(tmp_path / "archive")
    back_up(archive, tmp_path / "backup", NOW_MS)
    _, fresh = archive_of(tmp_path / "archive", records_of("2026-06-21"))
    report = back_up(archive, tmp_path / "backup", NOW_MS)
    assert report.files == sum(1 + len(manifest.tables) for manifest in fresh)
    assert files(tmp_path / "backup" / "archive") == files(tmp_path / "archive")


def test_parts_go_when_the_compacted_day_is_there(tmp_path: Path) -> None:
    archive = two_sites(tmp_path / "archive")
    back_up(archive, tmp_path / "backup", NOW_MS)
    compact_day(archive, date.fromisoformat(SUMMER))
    back_up(archive, tmp_path / "backup", NOW_MS)
    assert files(tmp_path / "backup" / "archive") == files(tmp_path / "archive")


def test_dropped_months_go_and_a_forgotten_site_goes(tmp_path: Path) -> None:
    archive = two_sites(tmp_path / "archive")
    back_up(archive, tmp_path / "backup", NOW_MS)
    before = archived_rows(archive)
    write_removals(archive.root, [DroppedMonths(MARCH), REMOVAL])
    thin(archive, [DroppedMonths(MARCH), REMOVAL])
    report = back_up(archive, tmp_path / "backup", NOW_MS)
    assert (report.removed_days, report.problems) == (1, [])
    assert files(tmp_path / "backup" / "archive") == files(tmp_path / "archive")
    assert archived_rows(copy_of(tmp_path / "backup")) == without_site(since(before, MARCH))


def test_what_the_archive_has_lost_stays_in_the_backup(tmp_path: Path) -> None:
    archive = two_sites(tmp_path / "archive")
    back_up(archive, tmp_path / "backup", NOW_MS)
    before = files(tmp_path / "backup")
    shutil.rmtree(tmp_path / "archive" / WINTER)
    (tmp_path / "archive" / SPRING / "day.1.json").unlink()
    report = back_up(archive, tmp_path / "backup", NOW_MS + 1)
    assert len(report.problems) == 2
    assert files(tmp_path / "backup") == before


def test_another_archive_does_not_take_the_place_of_the_backed_up_one(tmp_path: Path) -> None:
    back_up(two_sites(tmp_path / "archive"), tmp_path / "backup", NOW_MS)
    before = files(tmp_path / "backup")
    archive_of(tmp_path / "other", records_of(SPRING, STAYING))
    other = Archive(tmp_path / "other", 1)
    compact_day(other, date.fromisoformat(SPRING))
    assert back_up(other, tmp_path / "backup", NOW_MS + 1).problems
    assert files(tmp_path / "backup") == before


def test_a_damaged_file_is_not_copied_and_the_rest_is(tmp_path: Path) -> None:
    archive = two_sites(tmp_path / "archive")
    flip_bit(tmp_path / "archive" / WINTER / "day.1.visits.parquet")
    report = back_up(archive, tmp_path / "backup", NOW_MS)
    assert [type(problem) for problem in report.problems] == [ArchiveDamagedError]
    assert copy_of(tmp_path / "backup").manifests(date.fromisoformat(WINTER)) == ([], [])
    assert files(tmp_path / "backup" / "archive" / SPRING) == files(tmp_path / "archive" / SPRING)
    marker = read_marker(tmp_path / "backup")
    assert marker
    assert marker.completed_ms == 0


def test_a_manifest_damaged_in_the_backup_is_copied_again(tmp_path: Path) -> None:
    archive = two_sites(tmp_path / "archive")
    back_up(archive, tmp_path / "backup", NOW_MS)
    flip_bit(tmp_path / "backup" / "archive" / SPRING / "day.1.json", 50)
    assert back_up(archive, tmp_path / "backup", NOW_MS).problems == []
    assert files(tmp_path / "backup" / "archive") == files(tmp_path / "archive")


def test_a_directory_with_something_else_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "photographs").mkdir()
    with pytest.raises(StopError):
        back_up(two_sites(tmp_path / "archive"), tmp_path, NOW_MS)


def test_one_backup_at_a_time(tmp_path: Path) -> None:
    archive = two_sites(tmp_path / "archive", days=(SPRING,))
    back_up(archive, tmp_path / "backup", NOW_MS)
    lock = lock_directory(tmp_path / "backup", "footfall.lock")
    with pytest.raises(DataDirInUseError):
        back_up(archive, tmp_path / "backup", NOW_MS)
    os.close(lock)


def test_a_full_disk_is_said_and_what_was_copied_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = two_sites(tmp_path / "archive")
    real, calls = os.write, list[int]()

    def write(descriptor: int, content: bytes) -> int:
        calls.append(1)
        if len(calls) > 12:
            raise OSError(28, "No space left on device")
        return real(descriptor, content)

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(RetryError, match="No space left"):
        back_up(archive, tmp_path / "backup", NOW_MS)
    monkeypatch.undo()
    assert archived_rows(copy_of(tmp_path / "backup"))
    back_up(archive, tmp_path / "backup", NOW_MS)
    assert files(tmp_path / "backup" / "archive") == files(tmp_path / "archive")


def test_a_batch_damaged_in_the_backup_is_copied_anew_once_its_manifest_is_gone(tmp_path: Path) -> None:
    archive = two_sites(tmp_path / "archive")
    back_up(archive, tmp_path / "backup", NOW_MS)
    damaged = tmp_path / "backup" / "archive" / WINTER / "day.1.visits.parquet"
    flip_bit(damaged)
    assert back_up(archive, tmp_path / "backup", NOW_MS).files == 0
    damaged.with_name("day.1.json").unlink()
    assert back_up(archive, tmp_path / "backup", NOW_MS).problems == []
    assert files(tmp_path / "backup" / "archive") == files(tmp_path / "archive")


def test_every_day_of_a_month_that_is_one_batch_is_counted(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive", 1)
    days = [f"2026-04-{day:02}" for day in range(1, 31)]
    for day in days:
        archive_of(archive.root, records_of(day))
        compact_day(archive, date.fromisoformat(day))
    compact_span(archive, date(2026, 4, 1), date(2026, 4, 30))
    assert back_up(archive, tmp_path / "backup", NOW_MS).days == 30
    write_removals(archive.root, [DroppedMonths(date(2026, 5, 1))])
    assert thin(archive, [DroppedMonths(date(2026, 5, 1))]).days == 30
    assert back_up(archive, tmp_path / "backup", NOW_MS).removed_days == 30


@pytest.mark.parametrize("change", ["first", "compacted", "forgotten", "dropped"])
def test_wherever_it_is_interrupted_the_backup_is_a_whole_archive(tmp_path: Path, change: str) -> None:
    archive = two_sites(tmp_path / "archive", days=(WINTER, SPRING))
    old = {}
    if change != "first":
        copy_archive(archive, Archive(tmp_path / "before", 1))
        old = archived_rows(archive)
    else:
        (tmp_path / "before").mkdir()
    if change == "compacted":
        compact_day(archive, date.fromisoformat(SPRING))
    elif change != "first":
        remove_for_good(archive, REMOVAL if change == "forgotten" else DroppedMonths(MARCH))
    new = archived_rows(archive)
    for number in every_interruption():
        target = Archive(shutil.copytree(tmp_path / "before", tmp_path / str(number)), 1)
        with pulled_plug(number) as happened:
            copy_archive(archive, target)
        if happened:
            finish(target.root)
            found = archived_rows(target)
            for name, rows in found.items():
                assert set(rows) <= {*old.get(name, []), *new.get(name, [])}
            if change == "compacted":
                assert found == new
        with pulled_plug(0):
            assert copy_archive(archive, target).problems == []
        assert files(target.root) == files(archive.root)
        if not happened:
            break


def test_a_day_that_is_compacted_meanwhile_is_copied_all_the_same(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive", 1)
    days = [f"2026-04-{day:02}" for day in range(1, 11)]
    for day in days:
        archive_of(tmp_path / "archive", records_of(day))
    threads = [threading.Thread(target=compact_day, args=(archive, date.fromisoformat(day))) for day in days]
    for thread in threads:
        thread.start()
    report = back_up(archive, tmp_path / "backup", NOW_MS)
    for thread in threads:
        thread.join()
    assert report.problems == []
    assert archived_rows(copy_of(tmp_path / "backup")) == archived_rows(archive)
    back_up(archive, tmp_path / "backup", NOW_MS)
    assert files(tmp_path / "backup" / "archive") == files(tmp_path / "archive")
