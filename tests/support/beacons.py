"""Beacons sent over real HTTP connections, many at a time, with the answer of each."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from support.processes import FIREFOX

LOST = 0  # the answer of a request whose connection broke


@dataclass(frozen=True)
class Request:
    """One beacon and whom it seems to come from."""

    body: dict[str, object]
    address: str = "198.51.100.7"
    user_agent: str = FIREFOX
    headers: dict[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        """The request as it goes over the wire; the address is what a trusted proxy would say."""
        content = json.dumps(self.body).encode()
        lines = [
            "POST /api/event HTTP/1.1",
            "Host: collector.example",
            "Content-Type: text/plain",
            f"User-Agent: {self.user_agent}",
            f"X-Forwarded-For: {self.address}",
            f"Content-Length: {len(content)}",
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


async def send(address: str, requests: Sequence[Request], connections: int = 16) -> list[int]:
    """Send all of `requests` to host:port and return their status codes in order; LOST where none came."""
    answers = [LOST] * len(requests)
    todo = iter(enumerate(requests))

    async def work() -> None:
        connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        for index, request in todo:
            try:
                connection = connection or await _connect(address)
                answers[index] = await _exchange(connection, request)
            except (OSError, asyncio.IncompleteReadError, ValueError):
                await _close(connection)
                connection = None
        await _close(connection)

    await asyncio.gather(*(work() for _ in range(connections)))
    return answers


async def _connect(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = address.rpartition(":")
    return await asyncio.open_connection(host, int(port))


async def _exchange(connection: tuple[asyncio.StreamReader, asyncio.StreamWriter], request: Request) -> int:
    reader, writer = connection
    writer.write(request.encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = next((int(line.split(":")[1]) for line in head.split("\r\n") if line.startswith("content-length")), 0)
    await reader.readexactly(length)
    return int(head.split(" ", 2)[1])


async def _close(connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None) -> None:
    if connection is None:
        return
    connection[1].close()
    try:
        await connection[1].wait_closed()
    except OSError:
        return
