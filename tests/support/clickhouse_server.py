"""Debian's clickhouse-server, the oldest that we run against, on free ports of 127.0.0.1."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.server_process import PROGRAM, server_process

__all__ = ["PROGRAM", "running_server"]


@contextmanager
def running_server(directory: Path) -> Iterator[str]:
    """Start a server and give its `store.url`; it is killed at the end."""
    with server_process(directory) as server:
        yield server.url
