"""Exactly once into each shard: replicas killed or frozen, ZooKeeper gone, a shard away, two nodes at once."""

import itertools
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from aggregator.archive import Archive
from aggregator.deliveries import Deliveries
from aggregator.verify import VerifyReport, verify_store
from schema import migrate
from schema.batch import WINDOW_MS, Window
from schema.errors import RetryError
from schema.store_cluster import ClusterStore
from support.batches import archive_of
from support.clickhouse_cluster import Cluster
from support.hits import at
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


def keep_delivering(archive_root: Path, store: ClusterStore, days: list[str], done: threading.Event) -> None:
    """Archive a day after the other, and load each before the next."""
    delivery = deliveries(Archive(archive_root, 1), store)
    deliver(delivery, 240)
    for day in days:
        delivery.add(archive_of(archive_root, hits(day))[1])
        deliver(delivery, 240)
    done.set()


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


def test_replicas_killed_in_the_middle_of_inserts_leave_every_batch_once(
    cluster: Cluster, store: ClusterStore, tmp_path: Path
) -> None:
    done = threading.Event()
    days = [MARCH, *(f"2026-{month:02}-10" for month in range(4, 8))]
    worker = in_background(lambda: keep_delivering(tmp_path, store, days, done))
    for kill in range(KILLS):
        victim = cluster.all[kill % len(cluster.all)]
        done.wait(0.3)  # of work, somewhere in the middle of which the kill comes
        victim.kill()
        done.wait(0.3)
        cluster.heal()
    worker.join()
    assert done.is_set()
    deliver(deliveries(Archive(tmp_path, 1), store))
    assert_exact(tmp_path, store)


def test_a_replica_frozen_in_the_middle_of_an_insert_does_not_count_it_twice(
    cluster: Cluster, url: str, tmp_path: Path
) -> None:
    """What it was sent goes to the other replica as well, and whoever is first, it is there once."""
    store = ClusterStore(f"{url}&timeout=3&connect_timeout=1")
    migrate.apply(store)
    archive = archive_with(tmp_path, MARCH)
    delivery = deliveries(archive, store)
    frozen = [shard[0] for shard in cluster.members]
    worker = in_background(lambda: deliver(delivery, 240))
    for member in frozen:
        member.freeze()
    try:
        worker.join()
        assert stored_sums(store) == archived_sums(archive)
    finally:
        for member in frozen:
            member.thaw()
    assert_exact(tmp_path, store)
    store.close()


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
