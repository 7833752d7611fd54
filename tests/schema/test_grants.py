"""What each of a server's users may do: on the oldest engine by users.xml, on the newest by the grants themselves."""

import datetime
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from aggregator import projections
from schema import migrate
from schema.errors import StoreUnavailableError
from schema.grants import MIGRATE, READ, READ_LIMITS, WRITE, User, grant_sql, grants_of, users_xml
from schema.live import create_live_tables, newest_snapshots
from schema.rollups import REJECTIONS, ROLLUPS
from schema.store import Capabilities
from schema.store_server import ServerStore
from support.modern_users import run_as
from support.server_process import ServerProcess, server_process

NEWEST = (26, 9)
USERS = [User(role, f"{role}-pass'<&\\") for role in (MIGRATE, WRITE, READ)]
DENIED = 497  # ACCESS_DENIED
READONLY = 164
KEPT_IN_A_FILE = 495  # ACCESS_STORAGE_READONLY
NOWHERE_TO_KEEP = 514  # ACCESS_STORAGE_FOR_INSERTION_NOT_FOUND
FORBIDDEN = [
    "INSERT INTO footfall.rejections (site) SELECT 'x'",
    "CREATE TABLE footfall.x (a UInt8) ENGINE = Memory",
    "DROP TABLE footfall.rejections",
    "TRUNCATE TABLE footfall.rejections",
    "ALTER TABLE footfall.rejections DELETE WHERE 1",
    "ALTER TABLE footfall.rejections DROP PARTITION 202603",
    "RENAME TABLE footfall.rejections TO footfall.other",
    "DROP DATABASE footfall",
    "CREATE DATABASE other",
    "OPTIMIZE TABLE footfall.rejections",
    "SET max_execution_time = 3600",
    "SELECT count() FROM url('http://127.0.0.1:9/', CSV, 'a String')",
    "SELECT count() FROM file('x.csv', CSV, 'a String')",
    "SELECT count() FROM remote('127.0.0.1:9', footfall, rejections)",
    "SELECT count() FROM elsewhere.secrets",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """The oldest engine, with an administrator beside the three."""
    administrator = (
        "<default><password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile>"
        "<quota>default</quota></default>"
    )
    users = users_xml("footfall", USERS).replace("</users>", f"{administrator}</users>")
    with server_process(tmp_path_factory.mktemp("clickhouse"), users) as server:
        store = ServerStore(server.url)
        store.execute("CREATE DATABASE IF NOT EXISTS elsewhere")
        store.execute("CREATE TABLE elsewhere.secrets (a String) ENGINE = Memory")
        store.close()
        migrator = open_as(server, MIGRATE)
        migrate.apply(migrator)
        migrator.close()
        yield server


def open_as(server: ServerProcess, role: str) -> ServerStore:
    from urllib.parse import quote

    user = next(user for user in USERS if user.role == role)
    return ServerStore(f"clickhouse://{user.name}:{quote(user.password, safe='')}@127.0.0.1:{server.port}/footfall")


def test_the_writer_writes_and_the_reader_reads(server: ServerProcess) -> None:
    writer, reader = open_as(server, WRITE), open_as(server, READ)
    create_live_tables(writer, 1)
    writer.insert(REJECTIONS.name, a_rejection(), "q1")
    writer.cancel("q1")
    assert reader.query("SELECT sum(hits) FROM rejections") == [(3,)]
    assert newest_snapshots(reader) == []
    assert migrate.pending(reader) == []
    for rollup in ROLLUPS:
        reader.query(f"SELECT count() FROM {rollup.name}")
    writer.close()
    reader.close()


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_reader_of_the_oldest_engine_can_do_nothing_else(server: ServerProcess, statement: str) -> None:
    reader = open_as(server, READ)
    with pytest.raises(StoreUnavailableError) as caught:
        reader.execute(statement)
    reader.close()
    assert any(word in str(caught.value) for word in ("readonly", "Access denied", "allowed")), caught.value


def test_the_reader_cannot_insert_over_the_native_protocol(server: ServerProcess) -> None:
    reader = open_as(server, READ)
    with pytest.raises(StoreUnavailableError):
        reader.insert(REJECTIONS.name, a_rejection(), "q2")
    reader.close()


def test_the_readers_limits_hold(server: ServerProcess) -> None:
    reader = open_as(server, READ)
    with pytest.raises(StoreUnavailableError, match=r"code (158|396):"):  # more rows than may be read or returned
        reader.query("SELECT number FROM system.numbers LIMIT 3000000")
    reader.close()


def modern_tables(directory: Path) -> None:
    """Make the store as an administrator, for others to try themselves on."""
    tables = [
        statement
        for migration in migrate.available()
        for statement in migration.statements(Capabilities(NEWEST))
        if statement
    ]
    others = [
        "CREATE TABLE migrations (number UInt32) ENGINE = Memory",
        "CREATE DATABASE elsewhere",
        "CREATE TABLE elsewhere.secrets (a String) ENGINE = Memory",
    ]
    setup = ["CREATE DATABASE footfall", "USE footfall", *tables, *others]
    assert set(run_as(directory, [], {}, setup).values()) == {0}


def test_the_reader_of_the_newest_engine_can_do_nothing_else(tmp_path: Path) -> None:
    modern_tables(tmp_path)
    allowed = ["USE footfall", "SELECT name FROM system.tables WHERE database = currentDatabase()"]
    allowed += [f"SELECT count() FROM {rollup.name}" for rollup in ROLLUPS]
    grants = grants_of(READ, "footfall", [1], NEWEST)
    codes = run_as(tmp_path, grants, {"readonly": 1, **READ_LIMITS}, [*allowed, *FORBIDDEN])
    assert {codes[statement] for statement in allowed} == {0}
    assert {statement: codes[statement] for statement in FORBIDDEN if codes[statement] not in (DENIED, READONLY)} == {}
    without_readonly = run_as(tmp_path, grants, {}, [one for one in FORBIDDEN if not one.startswith("SET")])
    assert set(without_readonly.values()) == {DENIED}


def test_the_writer_of_the_newest_engine_can_do_its_work_and_no_more(tmp_path: Path) -> None:
    modern_tables(tmp_path)
    work = [
        "USE footfall",
        *live_statements(),
        "INSERT INTO rejections (site) SELECT 'x'",
        "SELECT count() FROM rejections",
        "ALTER TABLE rejections DROP PARTITION 197001",
        "ALTER TABLE rejections DELETE WHERE site = 'x'",
        "TRUNCATE TABLE live_1_a_visits",
        "KILL QUERY WHERE query_id = 'footfall-1-visits' SYNC",
        projections.SELECT_LACKING,
        projections.SELECT_UNDER_WAY,
        projections.Lacking("visits", ("by_os",), ("202603",)).statement,
    ]
    more = [
        "DROP TABLE rejections",
        "TRUNCATE TABLE rejections",
        "CREATE TABLE x (a UInt8) ENGINE = Memory",
        "CREATE TABLE live_2_a_visits AS visits ENGINE = Memory",
        "ALTER TABLE rejections ADD COLUMN x UInt8",
        "ALTER TABLE visits DROP PROJECTION by_os",
        "ALTER TABLE visits RESET SETTING materialize_projections_on_insert",
        "SELECT count() FROM elsewhere.secrets",
        "SELECT count() FROM url('http://127.0.0.1:9/', CSV, 'a String')",
    ]
    codes = run_as(tmp_path, grants_of(WRITE, "footfall", [1], NEWEST), {}, [*work, *more])
    assert {statement: code for statement, code in codes.items() if statement in work and code} == {}
    assert {statement: code for statement, code in codes.items() if statement in more and code != DENIED} == {}


def test_the_migrator_of_the_newest_engine_makes_the_tables(tmp_path: Path) -> None:
    tables = [one for migration in migrate.available() for one in migration.statements(Capabilities(NEWEST))]
    work = ["CREATE DATABASE IF NOT EXISTS footfall", "USE footfall", *tables]
    codes = run_as(tmp_path, grants_of(MIGRATE, "footfall", [1], NEWEST), {}, work)
    assert {statement: code for statement, code in codes.items() if code} == {}


@pytest.mark.parametrize("is_cluster", [False, True])
def test_the_newest_engine_runs_every_statement_up_to_the_point_of_keeping_it(tmp_path: Path, is_cluster: bool) -> None:
    """Embedded it has nowhere to keep users: that is all that it has against what is printed."""
    statements = grant_sql("footfall", USERS, [1, 2], NEWEST, is_cluster=is_cluster)
    codes = run_as(tmp_path, [], {}, statements, [user.name for user in USERS])
    expected = {"CREATE DATABASE": 0, "CREATE USER": KEPT_IN_A_FILE, "GRANT": KEPT_IN_A_FILE, "CREATE": NOWHERE_TO_KEEP}
    assert codes == {
        statement: next(code for words, code in expected.items() if statement.startswith(words))
        for statement in statements
    }


def test_the_newest_engine_finds_what_is_wrong_in_a_statement_before_that(tmp_path: Path) -> None:
    profile, reader = "CREATE SETTINGS PROFILE OR REPLACE x SETTINGS", "footfall_read"
    wrong = {
        f"GRANT SELECTS ON footfall.* TO {reader}": 62,  # SYNTAX_ERROR
        f"GRANT KILL QUERY ON footfall.* TO {reader}": 509,  # INVALID_GRANT
        f"GRANT TABLE ENGINE ON Tree TO {reader}": 56,  # UNKNOWN_STORAGE
        "GRANT SELECT ON footfall.* TO nobody": 511,  # UNKNOWN_ROLE
        f"{profile} max_rows = 1 TO {reader}": 115,  # UNKNOWN_SETTING
        f"{profile} load_balancing = 'none' TO {reader}": 212,  # UNKNOWN_LOAD_BALANCING
        f"CREATE QUOTA OR REPLACE x FOR INTERVAL 1 hour MAX rows = 1 TO {reader}": 62,
    }
    assert run_as(tmp_path, [], {}, list(wrong), [reader]) == wrong


def live_statements() -> list[str]:
    class Noting:
        capabilities = Capabilities(NEWEST)
        said: list[str] = []  # noqa: RUF012

        def execute(self, sql: str) -> None:
            self.said.append(sql)

    store = Noting()
    create_live_tables(store, 1)  # type: ignore[arg-type]  # all that it asks of a store
    return store.said


def a_rejection() -> pa.Table:
    hour = datetime.datetime(2026, 3, 10, 9, tzinfo=datetime.UTC)
    return pa.table(
        {
            "site": ["example.com"],
            "day": [hour.date()],
            "hour": pa.array([hour], pa.timestamp("s", "UTC")),
            "reason": ["bot"],
            "hits": pa.array([3], pa.uint32()),
            "batch": pa.array([7], pa.uint64()),
        }
    )


def test_passwords_are_in_no_representation() -> None:
    assert "pass" not in repr(USERS)
