"""`footfall grant-sql` of a cluster: Footfall run as the users that it prints, and what else they may do."""

import re
from pathlib import Path

import httpx
import pytest

from footfall.grant_command import known_users
from schema.errors import StopError, StoreUnavailableError
from schema.grants import MIGRATE, READ, WRITE, User, grant_sql, grants_of
from schema.store_cluster import ClusterStore
from support.clickhouse_cluster import Cluster, running_cluster
from support.modern_users import run_as
from support.processes import FIREFOX, Footfall, running_footfall, wait_until
from support.sharded import SITES

NEWEST = (26, 9)
DENIED = 497  # ACCESS_DENIED
PASSWORD = re.compile(r"<footfall_(\w+)>\s*<password>(.+?)</password>")


def url_as(cluster: Cluster, role: str, passwords: dict[str, str]) -> str:
    return cluster.url().replace("://", f"://footfall_{role}:{passwords[role]}@")


def send(footfall: Footfall, site: str) -> None:
    view = {"n": "pageview", "d": site, "u": f"https://{site}/"}
    url = f"http://{footfall.collector}/api/event"
    assert httpx.post(url, json=view, headers={"User-Agent": FIREFOX}, timeout=30).status_code == 202


def pageviews(footfall: Footfall, token: str, site: str) -> object:
    return footfall.query(token, site_id=site, metrics=["pageviews"])["results"][0]["metrics"]


def test_footfall_runs_on_a_cluster_as_the_users_that_it_prints(tmp_path: Path) -> None:
    url = "clickhouse://ch1:9000,ch2:9000/footfall?cluster=counts"
    printed = Footfall(tmp_path, {"STORE__URL": url}).run("grant-sql", "--for", "18")
    assert "every server" in printed.stderr
    passwords = dict(PASSWORD.findall(printed.stdout))
    login = ("footfall_read", passwords[READ])
    with running_cluster(tmp_path / "cluster", printed.stdout, login) as cluster:
        sites = "".join(f'[[site]]\ndomain = "{site}"\n' for site in SITES)
        (tmp_path / "footfall.toml").write_text(sites)
        read_url = url_as(cluster, READ, passwords)
        migrating = Footfall(tmp_path, {"STORE__URL": url_as(cluster, MIGRATE, passwords)})
        shown = migrating.run("migrate", "--dry-run")
        assert "ENGINE = ReplicatedMergeTree('/clickhouse/tables/01/footfall_local/pageviews'" in shown.stdout, shown
        migration = migrating.run("migrate")
        assert migration.returncode == 0, migration.stderr
        settings = {"STORE__URL": url_as(cluster, WRITE, passwords), "STORE__READ_URL": read_url}
        with running_footfall(tmp_path, **settings) as footfall:
            for site in SITES:
                send(footfall, site)
            token = footfall.token()
            wait_until(lambda: [pageviews(footfall, token, site) for site in SITES] == [[1], [1]], 120)
            assert footfall.stop() == 0
        reader = ClusterStore(read_url)
        reader.query("SELECT count() FROM pageviews")
        for statement in ("TRUNCATE TABLE pageviews", "DROP TABLE layout", "CREATE TABLE x (a UInt8) ENGINE = Memory"):
            with pytest.raises(StoreUnavailableError, match=r"readonly|denied|allowed"):
                reader.execute(statement)
        reader.close()


def test_on_the_newest_engine_everyone_can_do_their_work_and_no_more(tmp_path: Path) -> None:
    """As far as one process can show it: chDB reaches no ZooKeeper, so that local tables are plain ones here."""
    own = "site String, n UInt8"
    local = [f"CREATE TABLE footfall_local.{name} ({own}) ENGINE = Memory" for name in ("visits", "live_1_a_visits")]
    setup = ["CREATE DATABASE footfall", "CREATE DATABASE footfall_local", local[0]]
    assert set(run_as(tmp_path, [], {}, setup).values()) == {0}
    twin = (
        "CREATE TABLE IF NOT EXISTS footfall.{0} AS footfall_local.{0}"
        " ENGINE = Distributed('counts', 'footfall_local', '{0}')"
    )
    asked = [f"SELECT count() FROM system.{table}" for table in ("clusters", "replicas", "tables", "columns")]
    migrating = [twin.format("visits"), "DROP TABLE footfall.visits", twin.format("visits"), *asked]
    layout = "CREATE TABLE footfall_local.layout (shard UInt32) ENGINE = TinyLog"
    assert_codes(tmp_path, MIGRATE, [*migrating, layout, "SELECT count() FROM system.macros"], [])
    writing = [local[1], twin.format("live_1_a_visits"), "INSERT INTO footfall_local.visits VALUES ('x', 1)", *asked]
    again = ["DROP TABLE footfall.live_1_a_visits", twin.format("live_1_a_visits")]
    denied = [layout.replace("layout", "other"), "DROP TABLE footfall.visits", "DROP TABLE footfall_local.visits"]
    assert_codes(tmp_path, WRITE, [*writing, *again], denied)
    reading = [*asked, "SELECT count() FROM footfall_local.visits"]
    writes = ["INSERT INTO footfall_local.visits VALUES ('x', 1)", "SELECT count() FROM remote('127.0.0.1', a, b)"]
    assert_codes(tmp_path, READ, reading, [*denied, *writes])


def assert_codes(directory: Path, role: str, work: list[str], more: list[str]) -> None:
    codes = run_as(directory, grants_of(role, "footfall", [1], NEWEST, is_cluster=True), {}, [*work, *more])
    assert {statement: codes[statement] for statement in work if codes[statement]} == {}
    assert {statement: codes[statement] for statement in more if codes[statement] != DENIED} == {}


def test_users_are_made_on_every_server_with_one_password_or_not_at_all() -> None:
    class Known:
        def __init__(self, *names: str) -> None:
            self.names = names

        def query(self, sql: str) -> list[tuple[str]]:
            return [(name,) for name in self.names]

    writer = User(WRITE, "x")
    with pytest.raises(StopError, match="footfall_write is on 1 of the cluster's 2 servers"):
        known_users([Known("default"), Known("footfall_write")], [writer])  # type: ignore[list-item]  # all it asks
    both = [Known("a", "footfall_write"), Known("footfall_write")]
    assert known_users(both, [writer]) == {"footfall_write"}  # type: ignore[arg-type]
    statements = grant_sql("footfall", [writer], [1], NEWEST, is_cluster=True)
    assert "CREATE DATABASE IF NOT EXISTS footfall_local" in statements
