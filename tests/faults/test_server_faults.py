"""A ClickHouse server that is killed, cut off or frozen while it is loaded: every batch is in it exactly once."""

import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from clickhouse_driver import Client

from aggregator.archive import Archive
from aggregator.loader import Loader
from aggregator.manifest import Manifest
from schema import migrate
from schema.errors import RetryError
from schema.hit import Hit
from schema.rollups import ROLLUPS
from schema.store import Store
from schema.store_server import ServerStore
from support.batches import archive_of
from support.cutting_proxy import FROM_CLIENT, FROM_SERVER, Cut, cutting_proxy
from support.hits import at, event, pageview
from support.processes import wait_until
from support.server_process import ServerProcess, server_process

NIGHTLY = os.environ.get("FOOTFALL_TEST_FAULTS") == "nightly"
KILLS = int(os.environ.get("FOOTFALL_TEST_SERVER_KILLS", "200" if NIGHTLY else "12"))
CUTS = int(os.environ.get("FOOTFALL_TEST_SERVER_CUTS", "500" if NIGHTLY else "24"))
FREEZES = int(os.environ.get("FOOTFALL_TEST_SERVER_FREEZES", "100" if NIGHTLY else "4"))
HITS_PER_BATCH = 60
BATCHES_PER_DAY = 40
FIRST_DAY = date(2026, 3, 10)
PATIENCE_SECONDS = 300.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with server_process(tmp_path / "clickhouse") as server:
        store = ServerStore(server.url)
        migrate.apply(store)
        store.close()
        yield server


def make_batches(root: Path, count: int) -> tuple[Archive, list[Manifest]]:
    """An archive of `count` batches, several tables each; no two hold the same rows."""
    manifests: list[Manifest] = []
    while len(manifests) < count:
        day = (FIRST_DAY + timedelta(days=len(manifests) // BATCHES_PER_DAY)).isoformat()
        records: list[Hit] = []
        for number in range(min(BATCHES_PER_DAY, count - len(manifests))):
            clock = f"{1 + number // 12:02}:{number % 12 * 5:02}"
            for visitor in range(number * HITS_PER_BATCH, (number + 1) * HITS_PER_BATCH):
                moment = at(clock, day)
                records.append(pageview(clock, visitor, f"/{number}/{visitor}", day, at=moment))
                records.append(event(clock, "buy", visitor, f"/{number}/{visitor}", day=day, at=moment))
        archive, found = archive_of(root, records)
        manifests += found
    return archive, manifests[:count]


def load_at_last(loader: Loader, manifest: Manifest, meanwhile: Callable[[], None] = lambda: None) -> int:
    """Load until it succeeds; return how often it failed. `meanwhile` is called after each failure."""
    deadline, failures = time.monotonic() + PATIENCE_SECONDS, 0
    while True:
        try:
            report = loader.load([manifest])
        except RetryError:
            failures += 1
            assert time.monotonic() < deadline
            meanwhile()
            continue
        assert report.problems == []
        return failures


def assert_exactly_once(store: Store, manifests: list[Manifest]) -> None:
    """The store has the rows of each batch as often as the archive has them, and no others."""
    for rollup in ROLLUPS:
        expected = {
            chunk.batch: (chunk.rows, *chunk.sums.values())
            for manifest in manifests
            if rollup.name in manifest.tables
            for chunk in manifest.tables[rollup.name].chunks
        }
        sums = ", ".join(f"sum({name})" for name in rollup.measure_names)
        found = store.query(f"SELECT batch, count(), {sums} FROM {rollup.name} GROUP BY batch")
        assert {batch: tuple(figures) for batch, *figures in found} == expected, rollup.name


def in_a_moment(seconds: float, act: Callable[[], None]) -> threading.Timer:
    timer = threading.Timer(seconds, act)
    timer.start()
    return timer


def usual_seconds(loader: Loader, manifest: Manifest) -> float:
    start = time.monotonic()
    load_at_last(loader, manifest)
    return time.monotonic() - start


@pytest.mark.timeout(14_400)
def test_a_server_killed_during_inserts_has_every_batch_exactly_once(tmp_path: Path, server: ServerProcess) -> None:
    archive, manifests = make_batches(tmp_path / "archive", KILLS + 2)
    chance, store = random.Random(5), ServerStore(f"{server.url}?timeout=20&connect_timeout=2")
    loader, failures = Loader(archive, store), 0
    load_at_last(loader, manifests[0])
    usual = usual_seconds(loader, manifests[1])
    for manifest in manifests[2:]:
        timer = in_a_moment(chance.uniform(0, usual), server.kill)
        failures += load_at_last(loader, manifest, server.start_again)
        timer.join()
        server.start_again()
    assert failures >= KILLS // 4
    assert_exactly_once(store, manifests)
    assert Loader(archive, store).reconcile().inserted_rows == 0
    store.close()


@pytest.mark.timeout(14_400)
def test_a_connection_cut_at_any_byte_leaves_every_batch_exactly_once(tmp_path: Path, server: ServerProcess) -> None:
    archive, manifests = make_batches(tmp_path / "archive", CUTS + 2)
    chance = random.Random(7)
    with cutting_proxy(server.port) as proxy:
        store = ServerStore(f"clickhouse://127.0.0.1:{proxy.port}/footfall?timeout=20&connect_timeout=2")
        loader = Loader(archive, store)
        load_at_last(loader, manifests[0])
        before = dict(proxy.passed)
        load_at_last(loader, manifests[1])
        usual = {direction: proxy.passed[direction] - before[direction] for direction in before}
        for number, manifest in enumerate(manifests[2:]):
            direction = chance.choice((FROM_CLIENT, FROM_SERVER))
            proxy.cut_next(Cut(direction, chance.randint(1, usual[direction]), chance.random() < 0.5))
            if number % 20 == 19:
                loader = Loader(archive, store)  # as after a restart of ours
            load_at_last(loader, manifest)
        assert proxy.cuts_done >= CUTS * 0.9
        proxy.cut_next(None)
        assert_exactly_once(store, manifests)
        assert Loader(archive, store).reconcile().inserted_rows == 0
        store.close()


def frozen_for(server: ServerProcess, seconds: float, thawed: threading.Event) -> None:
    server.freeze()

    def thaw() -> None:
        server.thaw()
        thawed.set()

    in_a_moment(seconds, thaw)


def test_an_insert_that_still_runs_is_ended_before_the_store_is_compared(tmp_path: Path, server: ServerProcess) -> None:
    """As an aggregator leaves it that was killed while it inserted: the next one must not look too early."""
    archive, (manifest,) = make_batches(tmp_path / "archive", 1)
    (chunk,) = manifest.tables["pageviews"].chunks
    slow = f"INSERT INTO pageviews (day, batch) SELECT toDate('2026-03-10'), {chunk.batch} + sleep(1) FROM numbers(100)"
    earlier, store = Client("127.0.0.1", server.port, database="footfall"), ServerStore(server.url)

    def insert_slowly() -> None:
        with pytest.raises(Exception, match="cancelled"):
            earlier.execute(slow, query_id="footfall-1-pageviews", settings={"max_block_size": 1})

    running = "SELECT count() FROM system.processes WHERE query_id = 'footfall-1-pageviews'"
    thread = threading.Thread(target=insert_slowly)
    thread.start()
    wait_until(lambda: store.query(running) == [(1,)], 30, "it runs")
    Loader(archive, store).load([manifest])
    assert store.query(running) == [(0,)]
    assert_exactly_once(store, [manifest])
    thread.join()
    earlier.disconnect()
    store.close()


@pytest.mark.timeout(14_400)
def test_a_server_frozen_past_the_time_out_has_every_batch_exactly_once(tmp_path: Path, server: ServerProcess) -> None:
    archive, manifests = make_batches(
        tmp_path / "archive", 4 * FREEZES + 2
    )  # some freezes may come too late for theirs
    chance, store = random.Random(9), ServerStore(f"{server.url}?timeout=1&connect_timeout=1")
    loader, failures = Loader(archive, store), 0
    load_at_last(loader, manifests[0])
    usual = usual_seconds(loader, manifests[1])
    for number, manifest in enumerate(manifests[2:]):
        if number >= FREEZES and failures >= FREEZES // 4:
            break
        thawed = threading.Event()
        in_a_moment(chance.uniform(0, usual), lambda: frozen_for(server, chance.uniform(1.5, 4), thawed))  # noqa: B023 (done within the round)
        failures += load_at_last(loader, manifest)
        assert thawed.wait(60)
        wait_until(lambda: not Loader(archive, store).load([manifest]).inserted_rows, 60, "it answers")  # noqa: B023
    assert failures >= FREEZES // 4
    Loader(archive, store).reconcile()
    assert_exactly_once(store, manifests)
    assert Loader(archive, store).reconcile().inserted_rows == 0
    store.close()
