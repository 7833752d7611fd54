"""The real stores, emptied, and what writes rows of known sums into them."""

from collections.abc import Iterator

import pytest

from schema import migrate
from schema.rollups import ROLLUPS
from schema.store_embedded import EmbeddedStore
from schema.store_server import ServerStore
from support.clickhouse_server import running_server
from support.embedded import shared_store
from support.rollup_rows import RowWriter


@pytest.fixture
def store() -> Iterator[EmbeddedStore]:
    with shared_store() as store:
        yield store


@pytest.fixture
def embedded_rows(store: EmbeddedStore) -> RowWriter:
    return RowWriter(store)


@pytest.fixture
def rows(embedded_rows: RowWriter) -> RowWriter:
    return embedded_rows


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The oldest ClickHouse that the SQL has to suit."""
    with running_server(tmp_path_factory.mktemp("clickhouse")) as url:
        yield url


@pytest.fixture(scope="module")
def server_store(server_url: str) -> Iterator[ServerStore]:
    """That server, emptied once per module."""
    store = ServerStore(server_url)
    migrate.apply(store)
    empty(store)
    yield store
    store.close()


@pytest.fixture
def server_rows(server_store: ServerStore) -> RowWriter:
    empty(server_store)
    return RowWriter(server_store)


def empty(store: ServerStore) -> None:
    """Empty the rollups and drop the live tables."""
    for rollup in ROLLUPS:
        store.execute(f"TRUNCATE TABLE {rollup.name}")
    live = "SELECT name FROM system.tables WHERE database = currentDatabase() AND name LIKE 'live_%'"
    for (name,) in store.query(live):
        store.execute(f"DROP TABLE {name}")
