import shutil
from datetime import date
from pathlib import Path

import pytest

from aggregator.archive import Archive
from aggregator.compaction import compact_day
from aggregator.delivery import Delivery
from aggregator.forget import begin_removals, finish_removals, forget
from aggregator.loader import Loader
from aggregator.removal import COPY_NAME, NAME, ForgottenSite, read_removals
from aggregator.thinning import thin
from schema.errors import StopError, StoreUnavailableError
from schema.live import create_live_tables, live_table
from schema.store import Store
from support.batches import archive_of, flip_bit
from support.counts import local_time
from support.fallible_store import FallibleStore
from support.interrupted import every_interruption, pulled_plug
from support.two_sites import (
    LEAVING,
    SPRING,
    STAYING,
    SUMMER,
    UNTIL_MS,
    archived_rows,
    clean,
    files,
    records_of,
    stored_rows,
    two_sites,
    without_site,
)


@pytest.fixture
def store(any_store: Store) -> Store:
    clean(any_store)
    return any_store


def test_a_forgotten_site_is_nowhere_and_the_others_are_as_before(tmp_path: Path, store: Store) -> None:
    archive = two_sites(tmp_path)
    Loader(archive, store).reconcile()
    before = archived_rows(archive)
    report = forget(archive, store, LEAVING, UNTIL_MS)
    assert archived_rows(archive) == stored_rows(store) == without_site(before)
    gone = sum(map(len, before.values())) - sum(map(len, without_site(before).values()))
    assert report.archive.rows == report.stored_rows == gone > 0
    assert report.archive.days == 3
    assert {name for name, content in files(tmp_path).items() if LEAVING.encode() in content} == {NAME, COPY_NAME}


def test_afterwards_nothing_differs_and_nothing_comes_back(tmp_path: Path, store: Store) -> None:
    archive = two_sites(tmp_path)
    Loader(archive, store).reconcile()
    forget(archive, store, LEAVING, UNTIL_MS)
    report = Loader(archive, store).reconcile()
    assert (report.inserted_rows, report.problems) == (0, [])
    clean(store)
    Loader(archive, store).reconcile()
    assert stored_rows(store) == archived_rows(archive)


def test_a_day_with_nothing_else_goes_and_one_without_it_keeps_its_bytes(tmp_path: Path, store: Store) -> None:
    archive = Archive(tmp_path, 1)
    archive_of(tmp_path, records_of(SPRING, LEAVING))
    archive_of(tmp_path, records_of(SUMMER, STAYING))
    before = files(tmp_path / SUMMER)
    forget(archive, store, LEAVING, UNTIL_MS)
    assert archive.days() == [date.fromisoformat(SUMMER)]
    assert files(tmp_path / SUMMER) == before


def test_what_is_counted_of_it_later_stays(tmp_path: Path, store: Store) -> None:
    later, _ = archive_of(tmp_path / "later", records_of("2026-07-01"))
    archive = two_sites(tmp_path, days=(SPRING,))
    archive_of(tmp_path, records_of("2026-07-01"))
    Loader(archive, store).reconcile()
    forget(archive, store, LEAVING, UNTIL_MS)
    before = archived_rows(archive)
    for table, rows in archived_rows(later).items():
        assert set(rows) <= set(before[table])
    thin(archive, read_removals(tmp_path))
    forget(archive, store, LEAVING, UNTIL_MS)
    assert archived_rows(archive) == stored_rows(store) == before


def test_a_window_cut_again_from_the_spool_without_it_is_the_one_in_the_archive(tmp_path: Path, store: Store) -> None:
    archive, manifests = archive_of(tmp_path / "thinned", records_of(SPRING))
    forget(archive, store, LEAVING, UNTIL_MS)
    _, expected = archive_of(tmp_path / "expected", records_of(SPRING, STAYING))
    found, _ = archive.manifests(date.fromisoformat(SPRING))
    assert [manifest.by_window for manifest in found] == [manifest.by_window for manifest in expected]
    assert len(manifests) >= len(found)


def test_the_live_snapshot_is_emptied(tmp_path: Path, store: Store) -> None:
    create_live_tables(store, 1)
    name = live_table(1, "a", "rejections")
    store.execute(f"INSERT INTO {name} SELECT '{LEAVING}', toDate('2026-03-10'), toDateTime(0, 'UTC'), 'bot', 1, 0")
    forget(two_sites(tmp_path), store, LEAVING, UNTIL_MS)
    assert store.query(f"SELECT count() FROM {name}") == [(0,)]


def test_damaged_batches_set_aside_go_as_well(tmp_path: Path, store: Store) -> None:
    archive = two_sites(tmp_path, days=(SPRING,))
    flip_bit(next(archive.directory(date.fromisoformat(SPRING)).glob("*.visits.parquet")))
    report = forget(archive, store, LEAVING, UNTIL_MS)
    assert len(report.archive.problems) == 1
    assert report.quarantined_days == 1
    assert not (tmp_path / "quarantine").exists()
    assert archived_rows(archive) == without_site(archived_rows(archive))


def test_wherever_the_archive_is_interrupted_another_run_finishes(tmp_path: Path) -> None:
    removal = ForgottenSite(LEAVING, UNTIL_MS)
    before = archived_rows(two_sites(tmp_path / "parts", days=(SPRING,)))
    compact_day(two_sites(tmp_path / "whole", days=(SPRING,)), date.fromisoformat(SPRING))
    for number in every_interruption():
        original = tmp_path / ("whole" if number % 2 else "parts")
        archive = Archive(shutil.copytree(original, tmp_path / str(number)), 1)
        with pulled_plug(number) as happened:
            thin(archive, [removal])
        with pulled_plug(0):
            thin(archive, [])
        assert archived_rows(archive) in (before, without_site(before))
        with pulled_plug(0):
            thin(archive, [removal])
        assert archived_rows(archive) == without_site(before)
        if not happened and not number % 2:
            break


def test_the_next_start_finishes_what_was_interrupted(tmp_path: Path, store: Store) -> None:
    step = 7 if store.capabilities.has_projections else 40  # disk calls; the old server takes its time
    before = archived_rows(two_sites(tmp_path / "original", days=(SUMMER,)))
    for number in every_interruption():
        clean(store)
        archive = Archive(shutil.copytree(tmp_path / "original", tmp_path / str(number)), 1)
        Loader(archive, store).reconcile()
        with pulled_plug(number * step - step + 1) as happened:
            forget(archive, store, LEAVING, UNTIL_MS)
        begun = bool(read_removals(archive.root))
        removals = finish_removals(archive, store)
        expected = without_site(before) if begun else before
        assert archived_rows(archive) == stored_rows(store) == expected
        assert all(isinstance(removal, ForgottenSite) and removal.is_done for removal in removals)
        assert Loader(archive, store).reconcile().problems == []
        if not happened:
            break


@pytest.mark.parametrize("table", ["pageviews", "events", "batches"])
@pytest.mark.parametrize("fault", ["fail_on", "lose_answer_on"])
def test_a_store_that_fails_at_any_table_is_done_with_by_the_next_start(
    tmp_path: Path, store: Store, table: str, fault: str
) -> None:
    archive = two_sites(tmp_path)
    Loader(archive, store).reconcile()
    expected = without_site(archived_rows(archive))
    faulty = FallibleStore(store)
    setattr(faulty, fault, f"{table} DELETE")
    with pytest.raises(StoreUnavailableError):
        forget(archive, faulty, LEAVING, UNTIL_MS)
    finish_removals(archive, store)
    assert archived_rows(archive) == stored_rows(store) == expected


def test_without_a_record_that_can_be_read_nothing_is_counted_and_it_is_said_what_to_do(
    tmp_path: Path, store: Store
) -> None:
    archive = two_sites(tmp_path)
    forget(archive, store, LEAVING, UNTIL_MS)
    flip_bit(tmp_path / NAME)
    assert finish_removals(archive, store)  # its copy is whole
    flip_bit(tmp_path / COPY_NAME)
    with pytest.raises(StopError, match="forgotten is not known") as refused:
        finish_removals(archive, store)
    assert "of a backup" in str(refused.value.hint)


def test_what_was_forgotten_leaves_a_store_that_was_away_before_anything_is_compared(
    tmp_path: Path, store: Store
) -> None:
    archive = two_sites(tmp_path)
    Loader(archive, store).reconcile()
    expected = without_site(archived_rows(archive))
    away = FallibleStore(store, is_down=True)
    with pytest.raises(StoreUnavailableError):
        forget(archive, away, LEAVING, UNTIL_MS)
    begin_removals(archive)
    assert archived_rows(archive) == expected
    seconds = [0.0]
    delivery = Delivery(archive, away, local_time(), 5, lambda: seconds[0])
    delivery.load()
    assert delivery.trouble
    away.is_down, seconds[0] = False, 3600.0
    assert delivery.load().problems == []
    assert stored_rows(store) == expected
    assert all(isinstance(removal, ForgottenSite) and removal.is_done for removal in read_removals(archive.root))
