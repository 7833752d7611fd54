import shutil
from datetime import date
from pathlib import Path

import pytest

from aggregator.archive import Archive
from aggregator.inventory import take_inventory
from aggregator.loader import Loader
from aggregator.removal import DroppedMonths, read_removals
from aggregator.retention import first_kept, prune
from aggregator.thinning import thin
from schema.errors import StoreUnavailableError
from schema.store import Store
from support.fallible_store import FallibleStore
from support.interrupted import every_interruption, pulled_plug
from support.two_sites import LEAVING, archived_rows, clean, far_west, files, since, stored_rows, two_sites

MARCH = date(2026, 3, 1)


@pytest.fixture
def store(any_store: Store) -> Store:
    clean(any_store)
    return any_store


@pytest.mark.parametrize(
    ("today", "keep_months", "expected"),
    [
        ("2026-03-10", 1, "2026-02-01"),
        ("2026-03-01", 25, "2024-02-01"),
        ("2026-03-31", 3, "2025-12-01"),
        ("2026-12-31", 12, "2025-12-01"),
        ("2026-03-10", 0, "0001-01-01"),
    ],
)
def test_whole_months_are_kept_besides_the_current_one(today: str, keep_months: int, expected: str) -> None:
    assert first_kept(date.fromisoformat(today), keep_months) == date.fromisoformat(expected)


def test_older_months_leave_archive_and_store_and_the_rest_stays(tmp_path: Path, store: Store) -> None:
    archive = two_sites(tmp_path)
    Loader(archive, store).reconcile()
    before = archived_rows(archive)
    report = prune(archive, store, MARCH)
    assert archived_rows(archive) == stored_rows(store) == since(before, MARCH)
    assert report.archive.months == {(2026, 1)}
    gone = sum(map(len, before.values())) - sum(map(len, since(before, MARCH).values()))
    assert report.archive.rows == report.stored_rows == gone > 0
    assert read_removals(tmp_path) == (DroppedMonths(MARCH),)


def test_afterwards_nothing_differs_and_nothing_comes_back(tmp_path: Path, store: Store) -> None:
    archive = two_sites(tmp_path)
    Loader(archive, store).reconcile()
    prune(archive, store, MARCH)
    kept = stored_rows(store)
    report = Loader(archive, store).reconcile()
    assert (report.inserted_rows, report.problems) == (0, [])
    assert prune(archive, store, MARCH).is_empty
    assert stored_rows(store) == kept


def test_a_dry_run_changes_nothing(tmp_path: Path, store: Store) -> None:
    archive = two_sites(tmp_path)
    Loader(archive, store).reconcile()
    before = files(tmp_path), stored_rows(store)
    dry = prune(archive, store, MARCH, dry_run=True)
    assert (files(tmp_path), stored_rows(store)) == before
    wet = prune(archive, store, MARCH)
    assert (dry.archive.rows, dry.stored_rows, dry.archive.months) == (
        wet.archive.rows,
        wet.stored_rows,
        wet.archive.months,
    )


def test_a_day_of_two_months_is_cut_in_two(tmp_path: Path, store: Store) -> None:
    archive = far_west(tmp_path)
    Loader(archive, store).reconcile()
    before = archived_rows(archive)
    assert any(row[0] == LEAVING and row[1] == "2026-02-28" for row in before["pageviews"])
    prune(archive, store, MARCH)
    assert archived_rows(archive) == stored_rows(store) == since(before, MARCH)
    report = Loader(archive, store).reconcile()
    assert (report.inserted_rows, report.problems) == (0, [])
    (manifest,) = take_inventory(archive, MARCH).manifests
    assert manifest.window is None


def test_wherever_the_archive_is_interrupted_it_is_whole_and_another_run_finishes(tmp_path: Path) -> None:
    before = archived_rows(far_west(tmp_path / "original"))
    for number in every_interruption():
        archive = Archive(shutil.copytree(tmp_path / "original", tmp_path / str(number)), 1)
        with pulled_plug(number) as happened:
            thin(archive, [DroppedMonths(MARCH)])
        with pulled_plug(0):
            thin(archive, [])
        assert archived_rows(archive) in (before, since(before, MARCH))
        with pulled_plug(0):
            thin(archive, [DroppedMonths(MARCH)])
        assert archived_rows(archive) == since(before, MARCH)
        assert not (archive.root / "replacing").exists()
        if not happened:
            break


@pytest.mark.parametrize("table", ["pageviews", "visits", "batches"])
@pytest.mark.parametrize("fault", ["fail_on", "lose_answer_on"])
def test_a_store_that_fails_at_any_table_is_done_with_by_the_next_run(
    tmp_path: Path, store: Store, table: str, fault: str
) -> None:
    archive = two_sites(tmp_path)
    Loader(archive, store).reconcile()
    expected = since(archived_rows(archive), MARCH)
    faulty = FallibleStore(store)
    setattr(faulty, fault, f"{table} DROP")
    with pytest.raises(StoreUnavailableError):
        prune(archive, faulty, MARCH)
    prune(archive, store, MARCH)
    assert archived_rows(archive) == stored_rows(store) == expected


def test_a_month_that_comes_back_in_the_store_is_dropped_again(tmp_path: Path, store: Store) -> None:
    archive = two_sites(tmp_path)
    rows = archive.read(take_inventory(archive, date(2026, 1, 31)).manifests[0], "visits")
    prune(archive, store, MARCH)
    store.insert("visits", rows, "q")
    assert prune(archive, store, MARCH).stored_rows == rows.num_rows
    assert not stored_rows(store)
