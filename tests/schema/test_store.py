"""What every Store promises; a store under test is a fixture, so that each implementation meets the same tests."""

import datetime
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schema import migrate
from schema.bind import bind_parameters
from schema.errors import StoreUnavailableError
from schema.rollups import REJECTIONS
from schema.store import Store
from schema.store_cluster import ClusterStore
from schema.store_server import ServerStore
from support.clickhouse_cluster import running_cluster
from support.clickhouse_server import running_server
from support.embedded import shared_store


@pytest.fixture(scope="module")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_server(tmp_path_factory.mktemp("clickhouse")) as url:
        yield url


@pytest.fixture(scope="module")
def cluster_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster.url()


@pytest.fixture(params=["embedded", "server", "cluster"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "embedded":
        with shared_store() as embedded:
            yield embedded
        return
    server: ServerStore | ClusterStore
    if request.param == "server":
        server = ServerStore(request.getfixturevalue("server_url"))
    else:
        server = ClusterStore(request.getfixturevalue("cluster_url"))
    migrate.apply(server)
    server.execute(f"TRUNCATE TABLE {REJECTIONS.name}")
    yield server
    server.close()


def rejections(hits: list[int], reason: str = "bot") -> pa.Table:
    count = len(hits)
    hour = datetime.datetime(2026, 3, 10, 9, tzinfo=datetime.UTC)
    return pa.table(
        {
            "site": ["example.com"] * count,
            "day": [hour.date()] * count,
            "hour": pa.array([hour] * count, pa.timestamp("s", "UTC")),
            "reason": [reason] * count,
            "hits": pa.array(hits, pa.uint32()),
            "batch": pa.array([7] * count, pa.uint64()),
        }
    )


def test_rows_come_back_as_they_were_inserted(store: Store) -> None:
    store.insert(REJECTIONS.name, rejections([1, 2]), "q1")
    found = store.query("SELECT site, day, toUnixTimestamp(hour), reason, hits, batch FROM rejections ORDER BY hits")
    day, hour = datetime.date(2026, 3, 10), 1_773_133_200
    assert found == [("example.com", day, hour, "bot", 1, 7), ("example.com", day, hour, "bot", 2, 7)]


def test_an_insert_is_one_part_however_many_rows(store: Store) -> None:
    store.insert(REJECTIONS.name, rejections(list(range(300_000))), "q1")
    sql = "SELECT rows FROM system.parts WHERE database = currentDatabase() AND table = 'rejections' AND active"
    parts = [row for shard in store.shards for row in shard.query(sql)]
    assert parts == [(300_000,)]


def test_a_failed_insert_leaves_nothing(store: Store) -> None:
    with pytest.raises(StoreUnavailableError):
        store.insert(REJECTIONS.name, rejections([1]).append_column("colour", [["red"]]), "q1")
    assert store.query("SELECT count() FROM rejections") == [(0,)]


texts = st.text(st.characters(exclude_categories=["Cs"]))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=texts, items=st.lists(texts, min_size=1, max_size=4), number=st.integers(0, 2**64 - 1))
def test_a_bound_value_comes_back_unchanged_whatever_it_contains(
    store: Store, text: str, items: list[str], number: int
) -> None:
    sql, bound = "SELECT {t:String}, {l:Array(String)}, {n:UInt64}", {"t": text, "l": items, "n": number}
    assert store.query(sql, bound) == [(text, items, number)]


def test_an_unbound_name_is_an_error(store: Store) -> None:
    with pytest.raises((StoreUnavailableError, KeyError)):
        store.query("SELECT {nothing:String}")


@pytest.mark.parametrize(
    ("value", "kind"), [("1", "UInt64"), (1, "String"), ("2026-1-1", "Date"), ("x", "Array(String)")]
)
def test_a_value_of_another_type_than_its_placeholder_is_refused(value: str | int, kind: str) -> None:
    with pytest.raises(TypeError):
        bind_parameters(f"SELECT {{x:{kind}}}", {"x": value})


def test_no_rows_is_an_empty_list(store: Store) -> None:
    assert store.query("SELECT site FROM rejections") == []


def test_threads_may_read_and_write_at_once(store: Store) -> None:
    def write(number: int) -> None:
        for turn in range(5):
            store.insert(REJECTIONS.name, rejections([1], f"{number}-{turn}"), f"q{number}-{turn}")
            store.query("SELECT sum(hits) FROM rejections")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.query("SELECT sum(hits) FROM rejections") == [(20,)]


OPEN = (
    "import sys, pathlib; from schema.store_embedded import EmbeddedStore;"
    "store = EmbeddedStore(pathlib.Path(sys.argv[1])); store.execute('SELECT 1'); {then}"
)


def run_program(then: str, directory: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", OPEN.format(then=then), str(directory)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_second_process_is_refused_by_name(tmp_path: Path) -> None:
    again = (
        "import subprocess; second = [sys.executable, '-c', "
        f"{OPEN.format(then='')!r}, sys.argv[1]]; sys.exit(subprocess.run(second).returncode)"
    )
    run = run_program(again, tmp_path)
    assert run.returncode == 1
    assert "DataDirInUseError" in run.stderr


def test_an_embedded_store_can_be_closed_and_opened_again(tmp_path: Path) -> None:
    then = (
        "store.close(); store = EmbeddedStore(pathlib.Path(sys.argv[1])); print(store.query('SELECT 1')); store.close()"
    )
    run = run_program(then, tmp_path)
    assert run.stdout == "[(1,)]\n", run.stderr
