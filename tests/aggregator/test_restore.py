import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.archive import Archive
from aggregator.backup import back_up
from aggregator.loader import Loader
from aggregator.removal import ForgottenSite, write_removals
from aggregator.restore import restore
from aggregator.restoring import is_being_restored, refuse_half_restored
from schema.errors import StopError, StoreUnavailableError
from schema.store import Store
from support.batches import flip_bit
from support.embedded import clean_store, shared_store
from support.fallible_store import FallibleStore
from support.interrupted import every_interruption, pulled_plug
from support.two_sites import (
    LEAVING,
    SPRING,
    SUMMER,
    UNTIL_MS,
    WINTER,
    archived_rows,
    files,
    stored_rows,
    two_sites,
    without_site,
)


@pytest.fixture
def store() -> Iterator[Store]:
    with shared_store() as store:
        yield store


def made_backup(tmp_path: Path) -> Archive:
    archive = two_sites(tmp_path / "archive")
    back_up(archive, tmp_path / "backup", UNTIL_MS)
    return archive


def test_a_restored_archive_is_the_one_that_was_backed_up_and_the_store_has_its_rows(
    tmp_path: Path, store: Store
) -> None:
    archive = made_backup(tmp_path)
    restored = Archive(tmp_path / "restored", 1)
    report = restore(tmp_path / "backup", restored, store)
    assert files(restored.root) == files(archive.root)
    assert stored_rows(store) == archived_rows(archive)
    assert (report.days, report.rows, report.problems) == (3, sum(map(len, stored_rows(store).values())), [])
    assert Loader(restored, store).reconcile().inserted_rows == 0


def test_an_archive_or_a_store_that_has_anything_is_left_alone(tmp_path: Path, store: Store) -> None:
    archive = made_backup(tmp_path)
    before = files(archive.root)
    with pytest.raises(StopError, match="not empty"):
        restore(tmp_path / "backup", archive, store)
    assert files(archive.root) == before
    Loader(archive, store).reconcile()
    with pytest.raises(StopError, match="rows"):
        restore(tmp_path / "backup", Archive(tmp_path / "restored", 1), store)
    assert not (tmp_path / "restored").exists()


def test_what_is_no_backup_is_refused(tmp_path: Path, store: Store) -> None:
    with pytest.raises(StopError, match="not a backup"):
        restore(tmp_path, Archive(tmp_path / "restored", 1), store)


def test_a_backup_that_was_never_completed_is_restored_only_on_demand(tmp_path: Path, store: Store) -> None:
    archive = two_sites(tmp_path / "archive")
    flip_bit(archive.root / WINTER / "day.1.visits.parquet")
    assert len(back_up(archive, tmp_path / "backup", UNTIL_MS).problems) == 1
    restored = Archive(tmp_path / "restored", 1)
    with pytest.raises(StopError, match="never completed"):
        restore(tmp_path / "backup", restored, store)
    assert not restored.root.exists()
    assert restore(tmp_path / "backup", restored, store, incomplete=True).problems == []
    assert not is_being_restored(restored.root)
    assert [day.isoformat() for day in restored.days()] == [SPRING, SUMMER]


def test_a_damaged_backup_is_mended_and_restored_from_where_it_stopped(tmp_path: Path, store: Store) -> None:
    archive = made_backup(tmp_path)
    damaged = tmp_path / "backup/archive" / WINTER / "day.1.visits.parquet"
    flip_bit(damaged)
    restored = Archive(tmp_path / "restored", 1)
    assert len(restore(tmp_path / "backup", restored, store).problems) == 1
    with pytest.raises(StopError, match="restore into data_dir has not come to its end"):
        refuse_half_restored(restored.root)
    flip_bit(damaged)
    assert restore(tmp_path / "backup", restored, store).problems == []
    refuse_half_restored(restored.root)
    assert files(restored.root) == files(archive.root)
    assert stored_rows(store) == archived_rows(archive)


def test_what_was_removed_before_the_copy_was_complete_does_not_come_back(tmp_path: Path, store: Store) -> None:
    expected = without_site(archived_rows(made_backup(tmp_path)))
    write_removals(tmp_path / "backup" / "archive", [ForgottenSite(LEAVING, UNTIL_MS, is_done=True)])
    restore(tmp_path / "backup", Archive(tmp_path / "restored", 1), store)
    assert stored_rows(store) == expected


def test_wherever_it_is_interrupted_it_can_be_run_again(tmp_path: Path, store: Store) -> None:
    archive = made_backup(tmp_path)
    expected = archived_rows(archive)
    for number in every_interruption():
        clean_store(store)
        restored = Archive(tmp_path / str(number), 1)
        with pulled_plug(number * 11 - 10) as happened:
            restore(tmp_path / "backup", restored, store)
        if happened:
            with pulled_plug(0):
                restore(tmp_path / "backup", restored, store)
        assert files(restored.root) == files(archive.root)
        assert stored_rows(store) == expected
        if not happened:
            break


def test_a_store_that_fails_meanwhile_is_filled_by_the_next_run(tmp_path: Path, store: Store) -> None:
    archive = made_backup(tmp_path)
    restored = Archive(tmp_path / "restored", 1)
    with pytest.raises(StoreUnavailableError):
        restore(tmp_path / "backup", restored, FallibleStore(store, lose_before=3))
    restore(tmp_path / "backup", restored, store)
    assert stored_rows(store) == archived_rows(archive)


def test_a_backup_interrupted_between_two_renames_is_restored_whole(tmp_path: Path, store: Store) -> None:
    archive = made_backup(tmp_path)
    day = archive.days()[0].isoformat()
    (tmp_path / "backup/archive/replacing/new").mkdir(parents=True)
    shutil.move(tmp_path / "backup/archive" / day, tmp_path / "backup/archive/replacing/new" / day)
    restore(tmp_path / "backup", Archive(tmp_path / "restored", 1), store)
    assert stored_rows(store) == archived_rows(archive)
