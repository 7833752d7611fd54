"""The stores that whole runs of Footfall are tried on, by name: each gives a `store.url` while it is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from support.clickhouse_cluster import running_cluster
from support.server_process import server_process


@contextmanager
def _embedded(directory: Path) -> Iterator[str]:
    yield "chdb:"


@contextmanager
def _server(directory: Path) -> Iterator[str]:
    with server_process(directory) as server:
        yield server.url


@contextmanager
def _cluster(directory: Path) -> Iterator[str]:
    with running_cluster(directory) as cluster:
        yield cluster.url()


STORE_URLS: dict[str, Callable[[Path], AbstractContextManager[str]]] = {
    "embedded": _embedded,
    "server": _server,
    "cluster": _cluster,
}
