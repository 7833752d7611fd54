"""What more than one of these tests needs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from schema import migrate
from schema.store import Store
from schema.store_server import ServerStore
from support.clickhouse_server import PROGRAM, running_server
from support.embedded import shared_store


@pytest.fixture(scope="module", params=["embedded", "server"])
def any_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Both kinds of store, the server the oldest that we run against."""
    if request.param == "embedded":
        with shared_store() as store:
            yield store
        return
    if not PROGRAM.exists():
        pytest.skip("no clickhouse-server here")
    with running_server(tmp_path_factory.mktemp("server")) as url:
        server = ServerStore(url)
        migrate.apply(server)
        yield server
        server.close()
