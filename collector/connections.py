"""One worker's open connections: those that are late are ended, and those that are silent make room for others."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Collection
from typing import ClassVar, Protocol, cast

import uvicorn

SPARE_CONNECTIONS = 256  # above the cap: they last until those that made room are gone
CROWDED = 0.75  # of the cap: above it, those that have been silent longest go first
SILENT_SECONDS = 1.0  # whoever has something to say says it sooner


class Connection(Protocol):
    """What is asked of a connection here: `collector.connection.Connection`."""

    def is_closing(self) -> bool:
        """Return whether it has been told to close."""

    @property
    def silence(self) -> tuple[int, float] | None:
        """Return how soon it may go (0 before 1) and since when it has been waited for; None if it waits for us."""

    def end(self) -> None:
        """Close it."""

    def end_if_late(self, now: float) -> None:
        """Close it if it is past its deadline."""


def sweep(connections: Collection[Connection], now: float, cap: int) -> None:
    """End what is late at `now`, which is of the loop's clock; if it is crowded, shed those that have been silent."""
    for connection in tuple(connections):
        connection.end_if_late(now)
    _shed(connections, now - SILENT_SECONDS, cap)


def make_room(connections: Collection[Connection], now: float, cap: int) -> None:
    """At the cap, between two sweeps: shed as many as it takes, however short their silence has been."""
    _shed(connections, now, cap)


def _shed(connections: Collection[Connection], silent_since: float, cap: int) -> None:
    """End the silent until it is not crowded: those between two requests first, and of them the longest silent."""
    count = sum(not connection.is_closing() for connection in connections) - int(cap * CROWDED)
    if count <= 0:
        return
    silent = [(silence, connection) for connection in connections if (silence := connection.silence)]
    silent.sort(key=lambda each: each[0])
    for (_, since), connection in silent[:count]:
        if since <= silent_since:
            connection.end()


class SweptServer(uvicorn.Server):
    """A uvicorn server that sweeps its connections, to the end of its graceful stop."""

    sweep_seconds: ClassVar[float] = 1.0

    async def on_tick(self, counter: int) -> bool:
        """Sweep when it is time; an error here ends the worker, which is better than never sweeping again."""
        if counter % round(self.sweep_seconds * 10) == 0:  # uvicorn calls this ten times a second
            self._sweep()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop as uvicorn does: once every connection is closed, or after its `timeout_graceful_shutdown`."""
        sweeping = asyncio.create_task(self._sweep_on())
        try:
            await super().shutdown(sockets)
        finally:
            sweeping.cancel()

    async def _sweep_on(self) -> None:
        while True:
            self._sweep()
            await asyncio.sleep(self.sweep_seconds)

    def _sweep(self) -> None:
        connections = cast("Collection[Connection]", self.server_state.connections)
        sweep(connections, asyncio.get_running_loop().time(), cap_of(self.config))


def cap_of(config: uvicorn.Config) -> int:
    """Return how many connections may be open: `limit_concurrency`, which must be set."""
    assert config.limit_concurrency is not None
    return config.limit_concurrency
