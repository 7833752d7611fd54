import itertools
from collections.abc import Callable, Iterator

import pytest

from schema import migrate
from schema.store_cluster import ClusterStore
from support.clickhouse_cluster import Cluster, running_cluster

_databases = itertools.count()


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
def cluster(servers: Cluster) -> Iterator[Cluster]:
    """All of it, up and running, whatever the test before has done."""
    servers.heal()
    yield servers
    servers.heal()


@pytest.fixture
def url(cluster: Cluster) -> str:
    """A database that nobody has used."""
    return cluster.url(f"footfall{next(_databases)}")


@pytest.fixture
def open_cluster(url: str) -> Iterator[Callable[[], ClusterStore]]:
    opened: list[ClusterStore] = []

    def open_it() -> ClusterStore:
        opened.append(ClusterStore(url))
        return opened[-1]

    yield open_it
    for store in opened:
        store.close()


@pytest.fixture
def store(open_cluster: Callable[[], ClusterStore]) -> ClusterStore:
    """The store, with its tables."""
    store = open_cluster()
    migrate.apply(store)
    return store
