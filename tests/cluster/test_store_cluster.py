"""Two shards of two replicas: where rows go, what is read with a replica or a shard away, and what comes back."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from aggregator.loader import Loader
from schema import migrate
from schema.errors import SettingError, ShardUnavailableError, StopError
from schema.rollups import ROLLUPS
from schema.shards import shard_of
from schema.store_cluster import ClusterStore
from support.clickhouse_cluster import NAME, Cluster
from support.processes import wait_until
from support.rollup_rows import RowWriter
from support.sharded import (
    FIRST,
    MARCH,
    SECOND,
    SITES,
    archive_with,
    archived_sums,
    deliver,
    deliveries,
    manifests_of,
    of_site,
    stored_sums,
)

Open = Callable[[], ClusterStore]


def local_counts(cluster: Cluster, url: str, table: str = "pageviews") -> list[list[int]]:
    """Rows of a table, by shard and replica."""
    database = re.search(r"/(\w+)\?", url)
    assert database
    asked = f"SELECT count() FROM {database[1]}_local.{table}"
    return [[int(str(replica.ask(asked)[0][0])) for replica in shard] for shard in cluster.members]


def test_one_host_is_enough_to_find_all(cluster: Cluster, url: str) -> None:
    store = ClusterStore(cluster.url("footfall", hosts=1))
    assert len(store.shards) == 2
    store.close()


def test_an_unknown_cluster_is_named(cluster: Cluster) -> None:
    with pytest.raises(SettingError, match="nonesuch"):
        ClusterStore(cluster.url().replace(NAME, "nonesuch"))


def test_a_site_is_on_one_shard_and_on_both_of_its_replicas(cluster: Cluster, url: str, store: ClusterStore) -> None:
    rows = RowWriter(store)
    rows.add("pageviews", *({"site": site, "pageviews": 1, "visits": 1} for site in (FIRST, SECOND, SECOND)))
    wait_until(lambda: local_counts(cluster, url) == [[1, 1], [2, 2]], what="both replicas have the rows")
    assert store.query("SELECT count() FROM pageviews") == [(3,)]
    sql = "SELECT count() FROM pageviews WHERE site = {site:String}"
    assert [store.query(sql, {"site": site}) for site in SITES] == [[(1,)], [(2,)]]


def test_every_table_of_counts_is_replicated_and_can_be_read_from_all_shards(
    cluster: Cluster, url: str, store: ClusterStore
) -> None:
    database = url.partition("?")[0].rpartition("/")[2]
    for member in cluster.all:
        engines = member.ask(f"SELECT database, name, engine FROM system.tables WHERE database LIKE '{database}%'")
        for rollup in ROLLUPS:
            assert (f"{database}_local", rollup.name, "ReplicatedMergeTree") in engines
            assert (database, rollup.name, "Distributed") in engines


def test_archived_batches_are_loaded_by_shard_exactly_once(
    cluster: Cluster, url: str, store: ClusterStore, tmp_path: Path
) -> None:
    archive = archive_with(tmp_path, MARCH)
    for _ in range(2):
        deliver(deliveries(archive, store))
        assert stored_sums(store) == archived_sums(archive)
    assert Loader(archive, store).load(manifests_of(archive)).inserted_rows == 0


def test_with_one_replica_of_each_shard_down_everything_goes_on(
    cluster: Cluster, url: str, store: ClusterStore, tmp_path: Path
) -> None:
    first = archive_with(tmp_path, MARCH)
    deliver(deliveries(first, store))
    for shard in cluster.members:
        shard[0].kill()
    assert stored_sums(store) == archived_sums(first)
    more = archive_with(tmp_path, MARCH, "2026-03-11")
    deliver(deliveries(more, store))
    assert stored_sums(store) == archived_sums(more)
    assert store.query("SELECT count() FROM batches")[0][0] > 0
    cluster.heal()
    rows = sum(rows for (table, _), (rows, _) in archived_sums(more).items() if table == "pageviews")

    def is_everywhere() -> bool:
        found = local_counts(cluster, url)
        return all(len(set(shard)) == 1 for shard in found) and sum(shard[0] for shard in found) == rows

    wait_until(is_everywhere, 120, "the replicas that were away have everything")


def test_a_shard_that_is_away_gives_an_error_and_no_wrong_number(
    cluster: Cluster, store: ClusterStore, tmp_path: Path
) -> None:
    archive = archive_with(tmp_path, MARCH)
    deliver(deliveries(archive, store))
    for replica in cluster.members[1]:
        replica.kill()
    with pytest.raises(ShardUnavailableError, match="shard 2 of 2"):
        stored_sums(store, (SECOND,))
    with pytest.raises(ShardUnavailableError, match="shard 2 of 2"):
        store.query("SELECT count() FROM pageviews")
    assert stored_sums(store, (FIRST,)) == of_site(archived_sums(archive), FIRST)
    cluster.heal()
    wait_until(lambda: stored_or_nothing(store) == archived_sums(archive), 120, "everything is there again")


def stored_or_nothing(store: ClusterStore) -> object:
    try:
        return stored_sums(store)
    except ShardUnavailableError:
        return None


def test_a_cluster_opens_with_a_shard_away_and_makes_its_tables_when_it_is_back(
    cluster: Cluster, url: str, open_cluster: Open
) -> None:
    for replica in cluster.members[1]:
        replica.kill()
    store = open_cluster()
    migrate.apply(store)
    rows = RowWriter(store)
    rows.add("pageviews", {"site": FIRST, "pageviews": 1})
    cluster.heal()

    def is_written() -> bool:
        try:
            rows.add("pageviews", {"site": SECOND, "pageviews": 1})
        except ShardUnavailableError:
            return False
        return True

    wait_until(is_written, 120, "the shard has its tables")
    assert stored_sums(store)["pageviews", SECOND] == (1, 1)


def test_a_replica_that_was_away_during_a_migration_gets_it_when_it_is_back(
    cluster: Cluster, url: str, open_cluster: Open
) -> None:
    cluster.members[0][1].kill()
    store = open_cluster()
    migrate.apply(store)
    cluster.heal()
    rows = RowWriter(store)

    def is_everywhere() -> bool:
        store.execute("SELECT 1")  # opens whatever answers
        database = url.partition("?")[0].rpartition("/")[2]
        asked = (
            f"SELECT count() FROM system.tables WHERE database = '{database}_local' AND engine = 'ReplicatedMergeTree'"
        )
        return cluster.members[0][1].ask(asked) == [(len(ROLLUPS),)]

    wait_until(is_everywhere, 120, "the replica has its tables")
    rows.add("pageviews", {"site": FIRST, "pageviews": 1})
    wait_until(lambda: local_counts(cluster, url)[0] == [1, 1], 120, "the replica takes part")


def test_a_database_made_for_another_number_of_shards_is_refused(
    cluster: Cluster, url: str, store: ClusterStore, open_cluster: Open
) -> None:
    database = url.partition("?")[0].rpartition("/")[2]
    for member in cluster.all:
        member.ask(f"DROP TABLE {database}_local.layout")
        member.ask(f"CREATE TABLE {database}_local.layout (shard UInt32, shards UInt32) ENGINE = TinyLog")
        member.ask(f"INSERT INTO {database}_local.layout SELECT 0, 3")
    with pytest.raises(StopError, match="of 3 when its tables were made"):
        open_cluster().query("SELECT count() FROM pageviews")


@pytest.mark.parametrize(("site", "shard"), [("example.com", 1), ("example.org", 1), ("footfall.example", 0), ("", 0)])
def test_the_shard_of_a_site_never_changes(site: str, shard: int) -> None:
    assert shard_of(site, 2) == shard
