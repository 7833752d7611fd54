"""Exactly once into each shard: replicas killed or frozen, ZooKeeper gone, a shard away, two nodes at once."""

import itertools
import os
import random
import threading
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from aggregator.archive import Archive
from aggregator.chunks import to_arrow
from aggregator.deliveries import Deliveries
from aggregator.verify import VerifyReport, verify_store
from schema import migrate
from schema.batch import WINDOW_MS, Window
from schema.errors import OutcomeUnknownError, RetryError
from schema.rollups import BY_NAME
from schema.store_cluster import ClusterStore
from support.batches import archive_of, windows_of
from support.clickhouse_cluster import Cluster
from support.hits import at, pageview
from support.processes import wait_until
from support.sharded import (
    FIRST,
    MARCH,
    SECOND,
    SITES,
    OpenVisits,
    archive_with,
    archived_sums,
    deliver,
    deliveries,
    hits,
    of_site,
    open_visits,
    stored_sums,
)

KILLS = int(os.environ.get("FOOTFALL_TEST_REPLICA_KILLS", "2"))
DAYS = [f"2026-03-{day:02}" for day in range(10, 14)]


def in_background(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def keep_delivering(archive_root: Path, store: ClusterStore, over: threading.Event, begun: list[str]) -> None:
    """Archive a day after the other, and load each before the next, until it is over; note which was begun."""
    delivery = deliveries(Archive(archive_root, 1), store)
    deliver(delivery, 240)
    while not over.is_set():
        day = (date(2026, 3, 10) + timedelta(days=12 * len(begun))).isoformat()
        manifests = archive_of(archive_root, hits(day))[1]
        begun.append(day)
        delivery.add(manifests)
        deliver(delivery, 240)


def assert_exact(archive_root: Path, store: ClusterStore) -> None:
    """The archive is in the store, batch by batch; and on every replica the same."""
    archive = Archive(archive_root, 1)
    wait_until(lambda: settled(store), 120, "every replica has everything")
    assert stored_sums(store) == archived_sums(archive)
    report = VerifyReport()
    verify_store(archive, store, report)
    assert report.differences == []


def show(delivery: Deliveries, store: ClusterStore, visits: int, *sites: str) -> None:
    """Show so many open visits, as soon as it is time, until they are seen on `sites`."""
    day = OpenVisits(visits, Window.of(at("20:00", MARCH) + visits * WINDOW_MS))

    def is_shown() -> bool:
        delivery.show(day, visits, 0)
        return [open_visits(store, site) for site in sites] == [visits] * len(sites)

    wait_until(is_shown, 120, "all is shown")


def settled(store: ClusterStore) -> bool:
    return all(len(shard.current()) == 2 for shard in store._shards)


@pytest.mark.timeout(14_400)
def test_replicas_killed_in_the_middle_of_inserts_leave_every_batch_once(
    cluster: Cluster, store: ClusterStore, tmp_path: Path
) -> None:
    begun: list[str] = []
    chance, never, over = random.Random(3), threading.Event(), threading.Event()
    worker = in_background(lambda: keep_delivering(tmp_path, store, over, begun))
    try:
        for kill in range(KILLS):
            known = len(begun)
            wait_until(lambda: len(begun) > known or not worker.is_alive(), 600, "another day is being delivered")  # noqa: B023 (done within the round)
            assert worker.is_alive()
            never.wait(chance.uniform(0, 0.4))  # of work, somewhere in the middle of which the kill comes
            cluster.all[kill % len(cluster.all)].kill()
            never.wait(0.2)
            cluster.heal(at_once=kill % 2 == 1)
    finally:
        over.set()
        worker.join()
    deliver(deliveries(Archive(tmp_path, 1), store))
    assert_exact(tmp_path, store)


def test_a_replica_frozen_in_the_middle_of_an_insert_does_not_count_it_twice(
    cluster: Cluster, url: str, tmp_path: Path
) -> None:
    """What it was sent goes to the other replica as well, and whoever is first, it is there once."""
    store = ClusterStore(f"{url}&timeout=3&connect_timeout=2")
    migrate.apply(store)
    archive = archive_with(tmp_path, MARCH)
    delivery = deliveries(archive, store)
    frozen = cluster.members[0][0]
    worker = in_background(lambda: deliver(delivery, 240))
    frozen.freeze()
    try:
        worker.join()
        assert stored_sums(store) == archived_sums(archive)
    finally:
        frozen.thaw()
    assert_exact(tmp_path, store)
    store.close()


def test_a_block_whose_outcome_is_unknown_is_sent_to_the_other_replica_and_is_there_once(
    cluster: Cluster, url: str, store: ClusterStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which of the two is first does not matter: the one that fell silent may go on with what it was sent."""
    hasty = ClusterStore(f"{url}&timeout=3&connect_timeout=2")
    shard, silent, other = hasty._shards[0], *cluster.members[0]
    assert shard.choose() is shard.replicas[0]
    wait_until(lambda: len(shard.current()) == 2, 60, "both lack nothing")
    database = f"{url.partition('?')[0].rpartition('/')[2]}_local"
    count = f"SELECT count() FROM {database}.pageviews"
    insert = shard.replicas[0].insert

    def insert_into_ice(*arguments: Any) -> None:
        silent.freeze()
        insert(*arguments)

    monkeypatch.setattr(shard.replicas[0], "insert", insert_into_ice)
    try:
        with pytest.raises(OutcomeUnknownError):
            shard.insert("pageviews", some_rows(5), "footfall-1-pageviews")
        shard.cancel("footfall-1-pageviews")
        assert other.ask(count) == [(5,)]
    finally:
        silent.thaw()
    wait_until(lambda: len(shard.current()) == 2, 120, "both have everything")
    assert [replica.ask(count) for replica in (silent, other)] == [[(5,)], [(5,)]]
    hasty.close()


def test_an_insert_returns_when_the_other_replica_has_it(cluster: Cluster, url: str, store: ClusterStore) -> None:
    shard, (first, second) = store._shards[0], cluster.members[0]
    assert shard.choose() is shard.replicas[0]
    wait_until(lambda: len(shard.current()) == 2, 60, "both lack nothing")
    shard.insert("pageviews", some_rows(1), "footfall-1-pageviews")
    table = f"{url.partition('?')[0].rpartition('/')[2]}_local.pageviews"
    count = f"SELECT count() FROM {table}"
    second.ask(f"SYSTEM STOP FETCHES {table}")
    worker = in_background(lambda: shard.insert("pageviews", some_rows(5), "footfall-1-pageviews"))
    wait_until(lambda: first.ask(count) == [(6,)], 60, "the first replica has it")
    worker.join(1)
    assert worker.is_alive()
    second.ask(f"SYSTEM START FETCHES {table}")
    worker.join()  # within its patience of ten seconds, or after it
    wait_until(lambda: second.ask(count) == [(6,)], 60, "the second replica has it")


def some_rows(count: int) -> pa.Table:
    (counts,) = windows_of([pageview("20:10", number, f"/{number}", site=FIRST) for number in range(count)]).values()
    return to_arrow(BY_NAME["pageviews"], counts["pageviews"], 1)


def test_inserts_go_on_after_zookeeper_was_restarted(cluster: Cluster, store: ClusterStore, tmp_path: Path) -> None:
    first = archive_with(tmp_path, DAYS[0])
    deliver(deliveries(first, store))
    cluster.zookeeper.stop()
    more = archive_with(tmp_path, *DAYS[:2])
    delivery = deliveries(more, store)
    delivery.load()
    assert not delivery.is_caught_up
    assert delivery.trouble
    assert stored_sums(store) == archived_sums(first) or stored_sums(store).keys() == archived_sums(first).keys()
    cluster.zookeeper.start()
    deliver(delivery, 240)
    assert_exact(tmp_path, store)


def test_with_a_shard_away_the_others_are_counted_and_shown_and_it_catches_up(
    cluster: Cluster, store: ClusterStore, tmp_path: Path
) -> None:
    delivery = deliveries(archive_with(tmp_path, DAYS[0]), store)
    deliver(delivery)
    show(delivery, store, 3, *SITES)
    for replica in cluster.members[1]:
        replica.kill()
    more = archive_with(tmp_path, *DAYS[:2])
    delivery.reconcile()
    delivery.load()
    assert "shard 2 of 2" in delivery.trouble
    assert stored_sums(store, (FIRST,)) == of_site(archived_sums(more), FIRST)
    show(delivery, store, 5, FIRST)
    assert open_visits(store, SECOND) is None
    cluster.heal()
    deliver(delivery, 240)
    assert not delivery.trouble
    show(delivery, store, 7, *SITES)
    assert_exact(tmp_path, store)


def test_live_visits_are_shown_from_either_replica_and_come_back_to_one_that_was_away(
    cluster: Cluster, store: ClusterStore, tmp_path: Path
) -> None:
    delivery = deliveries(archive_with(tmp_path, DAYS[0]), store)
    deliver(delivery)
    numbers = itertools.count(1)
    show(delivery, store, next(numbers), *SITES)
    for kept in (1, 0, 1):
        gone = cluster.members[0][1 - kept]
        gone.kill()
        show(delivery, store, next(numbers), *SITES)
        cluster.heal()
        wait_until(lambda: settled(store), 120, "the replica lacks nothing")
        show(delivery, store, next(numbers), *SITES)


def test_two_nodes_write_at_once(
    cluster: Cluster, store: ClusterStore, open_cluster: Callable[[], ClusterStore], tmp_path: Path
) -> None:
    archives = [archive_with(tmp_path / str(node), *DAYS[:2], node=node) for node in (1, 2)]
    workers = []
    for archive in archives:
        delivery = deliveries(archive, open_cluster())
        workers.append(in_background(lambda delivery=delivery: deliver(delivery)))  # type: ignore[misc]
    for worker in workers:
        worker.join()
    twice = {key: (2 * rows, 2 * total) for key, (rows, total) in archived_sums(archives[0]).items()}
    assert stored_sums(store) == twice
    for archive in archives:
        report = VerifyReport()
        verify_store(archive, store, report)
        assert report.differences == []


def test_an_insert_that_a_silent_but_living_replica_may_be_doing_is_waited_for(store: ClusterStore) -> None:
    """Nobody knows what an earlier process has sent to it: as long as ZooKeeper counts on it, nothing is inserted."""
    shard = store._shards[0]
    shard.replicas[0].leave("no way there")  # for two seconds
    with pytest.raises(RetryError, match="alive for ZooKeeper"):
        shard.cancel("footfall-1-pageviews")

    def is_settled() -> bool:
        try:
            shard.cancel("footfall-1-pageviews")
        except RetryError:
            return False
        return True

    wait_until(is_settled, 120, "the replica can be asked again")
