"""Batches of an open day that are damaged: set aside, said, and made anew from the spool."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from schema.batch import DAY_MS
from support.batches import flip_bit
from support.embedded import clean_store, shared_store
from support.hits import at, pageview
from support.random_records import START
from support.rig import DAY, Rig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with shared_store() as store:
        yield Rig(tmp_path, store)


@pytest.mark.parametrize("table", ["visits", "batches"])
def test_a_batch_damaged_before_the_day_is_closed_is_made_anew_from_the_spool(rig: Rig, table: str) -> None:
    rig.seal(pageview("10:00"), pageview("14:00", visitor=2))
    rig.step(at("13:00"))
    flip_bit(rig.settings.archive_dir / DAY.isoformat() / f"1030-1.{table}.parquet")
    assert rig.step(START + DAY_MS + 2000).closed == []
    assert rig.step(START + DAY_MS + 3000).closed == [DAY]
    assert rig.visits() == 2
    assert rig.status["problems"] == {"ArchiveDamagedError": 1}
    rig.start()
    clean_store(rig.store.real)
    rig.step(START + DAY_MS + 4000)
    assert rig.visits() == 2


def test_a_batch_damaged_before_it_is_loaded_is_made_anew_from_the_spool(rig: Rig) -> None:
    rig.seal(pageview("10:00"))
    rig.store.is_down = True
    rig.step(at("11:00"))
    flip_bit(rig.settings.archive_dir / DAY.isoformat() / "1030-1.visits.parquet")
    rig.store.is_down = False
    for clock in ("11:02", "11:02:01", "11:02:02"):
        rig.step(at(clock))
    assert rig.visits() == 1
    assert rig.status["problems"] == {"ArchiveDamagedError": 1}


def test_a_batch_found_damaged_while_the_store_fails_is_made_anew_all_the_same(rig: Rig) -> None:
    rig.seal(pageview("10:00"), pageview("11:00", visitor=2))
    rig.store.is_down = True
    rig.step(at("12:00"))
    flip_bit(rig.settings.archive_dir / DAY.isoformat() / "1030-1.pageviews.parquet")
    rig.store.is_down = False
    rig.store.lose_before = len(rig.store.inserts) + 1
    rig.start()
    for clock in ("12:02", "12:02:01", "12:02:02"):
        rig.step(at(clock))
    assert rig.visits() == 2
    assert rig.status["problems"] == {"ArchiveDamagedError": 1}


def test_a_manifest_found_damaged_on_an_open_day_is_made_anew(rig: Rig) -> None:
    rig.seal(pageview("10:00"))
    rig.store.is_down = True
    rig.step(at("11:00"))
    flip_bit(rig.settings.archive_dir / DAY.isoformat() / "1030-1.json")
    rig.store.is_down = False
    for clock in ("11:02", "11:02:01", "11:02:02"):
        rig.step(at(clock))
    assert rig.visits() == 1
