"""What the store on a server promises beyond every store: TLS, compression, reconnecting, time-outs, cancelling."""

import datetime
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from clickhouse_driver import Client

from schema import migrate, store_server
from schema.driver_columns import driver_columns
from schema.errors import OutcomeUnknownError, SettingError, StoreUnavailableError
from schema.late_store import LateStore
from schema.rollups import PAGEVIEWS, REJECTIONS
from schema.store_server import ServerStore
from support.certificates import Certificates, make_certificates
from support.cutting_proxy import FROM_CLIENT, FROM_SERVER, Cut, cutting_proxy
from support.processes import free_port, wait_until
from support.server_process import ServerProcess, server_process

HOUR = datetime.datetime(2026, 3, 10, 9, tzinfo=datetime.UTC)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def secure_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, certificates: Certificates, secure_port: int
) -> Iterator[ServerProcess]:
    more = f"""<tcp_port_secure>{secure_port}</tcp_port_secure><openSSL><server>
        <certificateFile>{certificates.chain}</certificateFile><privateKeyFile>{certificates.key}</privateKeyFile>
        <verificationMode>none</verificationMode></server></openSSL>"""
    with server_process(tmp_path_factory.mktemp("clickhouse"), more=more) as server:
        yield server


@pytest.fixture
def store(server: ServerProcess) -> Iterator[ServerStore]:
    server.start_again()
    store = ServerStore(server.url)
    migrate.apply(store)
    store.execute(f"TRUNCATE TABLE {REJECTIONS.name}")
    yield store
    store.close()


def rejections(count: int, reason: str = "bot") -> pa.Table:
    return pa.table(
        {
            "site": pa.array(["example.com"] * count).dictionary_encode(),
            "day": pa.array([HOUR.date()] * count),
            "hour": pa.array([HOUR] * count, pa.timestamp("s", "UTC")),
            "reason": [reason] * count,
            "hits": pa.array(range(count), pa.uint32()),
            "batch": pa.array([2**64 - 1] * count, pa.uint64()),
        }
    )


def test_columns_become_plain_values_that_share_their_texts() -> None:
    values = driver_columns(pa.concat_tables([rejections(3), rejections(2)], promote_options="default"))
    assert values[0] == ["example.com"] * 5
    assert len({id(text) for text in values[0]}) == 1
    assert values[1] == [HOUR.date()] * 5
    assert values[2] == [int(HOUR.timestamp())] * 5
    assert values[4] == [0, 1, 2, 0, 1]
    assert values[5] == [2**64 - 1] * 5


def test_no_rows_are_no_values() -> None:
    assert driver_columns(rejections(0)) == [[]] * 6
    assert driver_columns(rejections(0).schema.empty_table()) == [[]] * 6


@pytest.mark.parametrize("compression", ["lz4", "none"])
def test_rows_arrive_whole_whatever_the_compression(
    server: ServerProcess, store: ServerStore, compression: str
) -> None:
    with cutting_proxy(server.port) as proxy:
        other = ServerStore(f"clickhouse://127.0.0.1:{proxy.port}/footfall?compression={compression}")
        other.insert(REJECTIONS.name, rejections(50_000), "q1")
        other.close()
        passed = proxy.passed[FROM_CLIENT]
    assert store.query("SELECT count(), sum(hits), max(batch) FROM rejections") == [
        (50_000, 50_000 * 49_999 // 2, 2**64 - 1)
    ]
    assert (passed < 1_000_000) == (compression == "lz4")


def secure_url(port: int, options: str) -> str:
    return f"clickhouse://127.0.0.1:{port}/footfall?secure=1{options}"


def test_tls_is_verified_against_the_authority_that_is_given(
    store: ServerStore, secure_port: int, certificates: Certificates
) -> None:
    secure = ServerStore(secure_url(secure_port, f"&ca={certificates.authority}"))
    secure.insert(REJECTIONS.name, rejections(10), "q1")
    assert secure.query("SELECT count() FROM rejections") == [(10,)]
    secure.close()


def test_a_certificate_of_another_authority_is_refused_in_words(
    store: ServerStore, secure_port: int, tmp_path: Path
) -> None:
    other = make_certificates(tmp_path / "other")
    for options in ("", f"&ca={other.authority}"):
        with pytest.raises(StoreUnavailableError, match="certificate is not trusted"):
            ServerStore(secure_url(secure_port, options))


def test_without_verification_any_certificate_will_do(store: ServerStore, secure_port: int) -> None:
    ServerStore(secure_url(secure_port, "&verify=0")).close()


def test_a_missing_file_of_authorities_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="ca"):
        ServerStore(secure_url(1, f"&ca={tmp_path / 'missing.pem'}"))


def test_a_wrong_password_is_said_with_what_to_check(server: ServerProcess, store: ServerStore) -> None:
    with pytest.raises(StoreUnavailableError) as caught:
        ServerStore(f"clickhouse://nobody:hunter2@127.0.0.1:{server.port}/footfall")
    assert "user and password" in caught.value.hint
    assert "hunter2" not in f"{caught.value}{caught.value.hint}"


def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    port = free_port()
    with pytest.raises(StoreUnavailableError) as caught:
        ServerStore(f"clickhouse://u:hunter2@127.0.0.1:{port}/footfall")
    assert f"127.0.0.1:{port}" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_after_a_restart_of_the_server_the_next_call_connects_again(server: ServerProcess, store: ServerStore) -> None:
    store.insert(REJECTIONS.name, rejections(1), "q1")
    server.kill()
    with pytest.raises(StoreUnavailableError):
        store.query("SELECT count() FROM rejections")
    server.start()
    assert store.query("SELECT count() FROM rejections") == [(1,)]
    store.insert(REJECTIONS.name, rejections(1), "q1")
    assert store.query("SELECT count() FROM rejections") == [(2,)]


def test_capabilities_are_those_of_the_server_that_answered_last(
    store: ServerStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store.capabilities.version == (18, 16)
    execute = Client.execute

    def upgraded(client: Client, *arguments: object, **keywords: object) -> object:
        found = execute(client, *arguments, **keywords)
        client.connection.server_info.version_major = 24
        return found

    monkeypatch.setattr(Client, "execute", upgraded)
    store.query("SELECT 1")
    assert store.capabilities.version == (24, 16)


def test_a_read_is_asked_again_when_the_connection_breaks(server: ServerProcess, store: ServerStore) -> None:
    with cutting_proxy(server.port) as proxy:
        other = ServerStore(f"clickhouse://127.0.0.1:{proxy.port}/footfall")
        proxy.cut_next(Cut(FROM_SERVER, 10, reset=True))
        assert other.query("SELECT sum(number) FROM numbers(10)") == [(45,)]
        assert proxy.cuts_done == 1
        other.close()


def test_a_read_is_given_up_within_a_bound(server: ServerProcess, store: ServerStore) -> None:
    server.kill()
    start = time.monotonic()
    with pytest.raises(StoreUnavailableError):
        store.query("SELECT 1")
    assert time.monotonic() - start >= sum(store_server.READ_PAUSES)
    with pytest.raises(StoreUnavailableError):
        store.query("SELECT 1")


def test_a_statement_that_may_have_run_is_not_run_again(server: ServerProcess, store: ServerStore) -> None:
    with cutting_proxy(server.port) as proxy:
        other = ServerStore(f"clickhouse://127.0.0.1:{proxy.port}/footfall")
        other.query("SELECT 1")
        proxy.cut_next(Cut(FROM_SERVER, 3, reset=True))  # the answer to a ping has passed by then
        with pytest.raises(StoreUnavailableError):
            other.execute("INSERT INTO rejections (site) SELECT 'once'")
        other.close()
    wait_until(lambda: not running(store, "once"), 30, "nothing runs")
    assert store.query("SELECT count() FROM rejections WHERE site = 'once'")[0][0] <= 1


def test_an_insert_whose_answer_is_lost_is_of_unknown_outcome(server: ServerProcess, store: ServerStore) -> None:
    with cutting_proxy(server.port) as proxy:
        other = ServerStore(f"clickhouse://127.0.0.1:{proxy.port}/footfall")
        other.query("SELECT 1")
        proxy.cut_next(Cut(FROM_CLIENT, 2_000, reset=True))
        with pytest.raises(OutcomeUnknownError):
            other.insert(REJECTIONS.name, rejections(5_000), "q1")
        other.close()


def running(store: ServerStore, word: str) -> bool:
    others = "SELECT count() FROM system.processes WHERE query_id = {id:String}"
    return store.query(others, {"id": word}) != [(0,)]


def test_cancel_returns_when_nothing_of_that_id_runs_any_more(server: ServerProcess, store: ServerStore) -> None:
    client = Client("127.0.0.1", server.port, database="footfall")
    slow = "INSERT INTO rejections (site) SELECT toString(sleep(1)) FROM numbers(100) "

    def run_slowly() -> None:
        with pytest.raises(Exception, match="cancelled"):
            client.execute(slow, query_id="slow-one", settings={"max_block_size": 1})

    thread = threading.Thread(target=run_slowly)
    thread.start()
    wait_until(lambda: running(store, "slow-one"), 30, "it runs")
    store.cancel("slow-one")
    assert not running(store, "slow-one")
    thread.join()
    client.disconnect()


def test_a_late_store_opens_when_the_server_is_there(server: ServerProcess, store: ServerStore) -> None:
    server.kill()
    late = LateStore(lambda: ServerStore(server.url))
    for _ in range(2):
        with pytest.raises(StoreUnavailableError):
            late.query("SELECT 1")
    server.start()
    assert late.query("SELECT 1") == [(1,)]
    assert late.capabilities.version == (18, 16)
    late.close()


def test_a_late_store_that_was_never_opened_can_be_closed() -> None:
    LateStore(lambda: ServerStore("clickhouse://127.0.0.1:1")).close()


def test_every_column_of_a_rollup_is_written_as_the_store_has_it(store: ServerStore) -> None:
    from aggregator.chunks import arrow_schema

    empty = arrow_schema(PAGEVIEWS).empty_table()
    store.insert(PAGEVIEWS.name, empty, "q1")
    assert store.query("SELECT count() FROM pageviews") == [(0,)]
