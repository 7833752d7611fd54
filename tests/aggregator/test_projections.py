"""Projections that parts lack are made afterwards: wherever that is interrupted, they are there in the end."""

import logging
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from aggregator.loader import Loader
from aggregator.projections import SELECT_UNDER_WAY, Projections, begin, complete, lacking
from aggregator.run import Aggregator
from schema.batch import DAY_MS
from schema.errors import StoreUnavailableError
from schema.rollups import PROJECTED
from schema.settings import Settings, SiteSettings
from schema.store import NO_PARAMETERS, Capabilities, Parameters, Row, Store
from support.embedded import shared_store
from support.fallible_store import FallibleStore
from support.hits import at, pageview
from support.processes import wait_until
from support.segments import sealed_segment
from support.two_sites import archived_rows, stored_rows, two_sites

TABLES = sorted(PROJECTED)
_MUTATIONS = "SELECT count() FROM system.mutations WHERE database = currentDatabase()"

# Loads the archive of argv[1] into a store beside it, begins, and is killed once so many parts are done.
_KILLED = """
import os, signal, sys, time
from pathlib import Path
from aggregator.archive import Archive
from aggregator.loader import Loader
from aggregator.projections import parts_to_do, begin, lacking
from schema import migrate
from schema.store_embedded import EmbeddedStore

directory, done = Path(sys.argv[1]), int(sys.argv[2])
store = EmbeddedStore(directory / "warehouse")
migrate.apply(store)
Loader(Archive(directory / "archive", 1), store).reconcile()
assert lacking(store)
begin(store)
total = parts_to_do(store)
while done and total - parts_to_do(store) < done:
    time.sleep(0.001)
os.kill(os.getpid(), signal.SIGKILL)
"""

_AGAIN = """
import sys
from pathlib import Path
from aggregator.archive import Archive
from aggregator.loader import Loader
from aggregator.projections import complete, lacking
from schema import migrate
from schema.rollups import ROLLUPS
from schema.store_embedded import EmbeddedStore

directory = Path(sys.argv[1])
store = EmbeddedStore(directory / "warehouse")
migrate.apply(store)
inserted = Loader(Archive(directory / "archive", 1), store).reconcile().inserted_rows
complete(store)
rows = {rollup.name: store.query(f"SELECT count() FROM {rollup.name}")[0][0] for rollup in ROLLUPS}
print(inserted, lacking(store), sorted(item for item in rows.items() if item[1]))
store.close()
"""


@pytest.fixture
def store() -> Iterator[Store]:
    with shared_store() as store:
        yield store


def made(store: Store) -> set[tuple[str, str]]:
    """The projections that every part of their table has."""
    rows = store.query(
        "SELECT table, projections FROM system.parts WHERE database = currentDatabase() AND active AND rows > 0"
    )
    of_parts = {table: [set(names) for found, names in rows if found == table] for table in TABLES}
    return {(table, name) for table, parts in of_parts.items() if parts for name in set.intersection(*parts)}


def declared(store: Store) -> set[tuple[str, str]]:
    """The projections of the tables that have rows, as the engine knows them."""
    filled = {table for table in TABLES if store.query(f"SELECT 1 FROM {table} LIMIT 1")}
    assert {"pageviews", "visits", "events"} <= filled
    rows = store.query("SELECT table, name FROM system.projections WHERE database = currentDatabase()")
    return {(table, name) for table, name in rows if table in filled}


def mutations(store: Store) -> set[tuple[str, str]]:
    """Table and id of all that the engine knows of; other tests have left some."""
    return set(store.query("SELECT table, mutation_id FROM system.mutations WHERE database = currentDatabase()"))


def page_sums(store: Store, *, by_projection: bool) -> list[tuple[object, ...]]:
    return store.query(
        "SELECT site, day, path, sum(pageviews), sum(visitors) FROM pageviews GROUP BY site, day, path"
        f" ORDER BY site, day, path SETTINGS optimize_use_projections = {int(by_projection)}"
    )


def test_what_is_loaded_gets_its_projections_afterwards_and_answers_the_same_all_along(
    tmp_path: Path, store: Store
) -> None:
    archive = two_sites(tmp_path)
    Loader(archive, store).reconcile()
    assert {each.table for each in lacking(store)} == {table for table, _ in declared(store)}
    expected = page_sums(store, by_projection=False)
    assert page_sums(store, by_projection=True) == expected
    told: list[tuple[int, int]] = []
    complete(store, lambda done, total: told.append((done, total)))
    assert not lacking(store)
    assert made(store) == declared(store)
    assert page_sums(store, by_projection=True) == expected
    assert stored_rows(store) == archived_rows(archive)
    assert told[-1][0] == told[-1][1]


def test_a_part_that_has_some_gets_the_others(tmp_path: Path, store: Store) -> None:
    """As after a migration that declares one more."""
    Loader(two_sites(tmp_path), store).reconcile()
    complete(store)
    store.execute("ALTER TABLE visits CLEAR PROJECTION by_os SETTINGS mutations_sync = 2")
    assert [(each.table, each.projections) for each in lacking(store)] == [("visits", ("by_os",))]
    complete(store)
    assert made(store) == declared(store)


@pytest.mark.parametrize("done", [0, 1, 20])
def test_killed_half_way_and_started_again_it_ends_with_all_of_them_and_exact_counts(tmp_path: Path, done: int) -> None:
    archive = two_sites(tmp_path / "archive")
    killed = subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path), str(done)], check=False)
    assert killed.returncode == -signal.SIGKILL
    again = subprocess.run(
        [sys.executable, "-c", _AGAIN, str(tmp_path)], capture_output=True, text=True, check=True
    ).stdout
    rows = {name: len(found) for name, found in archived_rows(archive).items() if found}
    assert again == f"0 [] {sorted(rows.items())}\n"


def test_what_the_engine_is_at_already_is_not_begun_again(tmp_path: Path, store: Store) -> None:
    Loader(two_sites(tmp_path), store).reconcile()
    for table in TABLES:
        store.execute(f"SYSTEM STOP MERGES {table}")  # and all else in the background
    try:
        begin(store)
        begun = store.query(_MUTATIONS)
        begin(store)
        assert store.query(_MUTATIONS) == begun
    finally:
        for table in TABLES:
            store.execute(f"SYSTEM START MERGES {table}")
    complete(store)
    assert made(store) == declared(store)


def test_an_engine_that_cannot_make_one_is_said_so_at_the_next_look(tmp_path: Path, store: Store) -> None:
    class Troubled(FallibleStore):
        def query(self, sql: str, parameters: Parameters = NO_PARAMETERS) -> list[Row]:
            return [("visits", 3, "Code: 33")] if sql == SELECT_UNDER_WAY else super().query(sql, parameters)

    Loader(two_sites(tmp_path), store).reconcile()
    with pytest.raises(StoreUnavailableError, match="projections of visits: Code: 33"):
        begin(Troubled(store))


def test_who_waits_for_an_engine_that_does_nothing_is_told(tmp_path: Path, store: Store) -> None:
    Loader(two_sites(tmp_path), store).reconcile()
    for table in TABLES:
        store.execute(f"SYSTEM STOP MERGES {table}")  # as when the disk has no room for them
    try:
        with pytest.raises(StoreUnavailableError, match="is its disk full"):
            complete(store, patience_seconds=0.2)
    finally:
        for table in TABLES:
            store.execute(f"SYSTEM START MERGES {table}")


def test_an_engine_that_knows_no_projections_is_asked_nothing(store: Store) -> None:
    old = FallibleStore(store, is_down=True)
    old.capabilities = Capabilities((18, 16))
    assert lacking(old) == []
    complete(old)


def test_a_store_that_refuses_is_said_so_once_and_loaded_all_the_same(
    tmp_path: Path, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    Loader(two_sites(tmp_path), store).reconcile()
    projections = Projections(FallibleStore(store, fail_on="MATERIALIZE"))
    projections.look()
    with caplog.at_level(logging.WARNING, "footfall.aggregator"):
        projections.step()
        projections.step()
    assert [record.message for record in caplog.records if "made later" in record.message] == [
        "projections are made later, pages that read long periods are slower until then: no answer"
    ]


def test_the_aggregator_has_them_made_once_the_store_has_all_that_the_archive_has(tmp_path: Path, store: Store) -> None:
    settings = Settings(data_dir=tmp_path, site=(SiteSettings("example.com"),))
    archive = two_sites(settings.archive_dir)
    now_ms = 1_773_200_000_000
    aggregator = Aggregator(settings, store, lambda: now_ms, lambda: now_ms / 1000)
    aggregator.step(now_ms)
    assert stored_rows(store) == archived_rows(archive)
    wait_until(lambda: not lacking(store))
    assert made(store) == declared(store)


def test_while_days_are_counted_it_looks_at_the_end_of_a_month_only(tmp_path: Path, store: Store) -> None:
    settings = Settings(data_dir=tmp_path, site=(SiteSettings("example.com"),))
    days = [date(2026, 3, 30), date(2026, 3, 31)]
    aggregator = Aggregator(settings, store, lambda: 0, lambda: 0)
    aggregator.step(at("12:00", days[0].isoformat()))  # looks once, at the start, and there is nothing
    known, begun = mutations(store), []
    for day in days:
        hit = pageview("12:00", day=day.isoformat())
        sealed_segment(settings.spool_dir, day, hit, created_at=hit.at)
        report = aggregator.step(hit.at + DAY_MS)
        assert report.closed == [day]
        aggregator.step(hit.at + DAY_MS)
        begun.append(bool(mutations(store) - known))
    assert begun == [False, True]
    wait_until(lambda: not lacking(store))
