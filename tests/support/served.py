"""A server in a thread, with the collector's connections and a small application behind them."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from collector.answers import ACCEPTED, TOO_LARGE, WHOLE_ANSWER, Answer, make_malformed
from collector.connection import Connection
from collector.connections import SweptServer
from support.processes import wait_until
from support.raw_http import Client, make_request

LENGTH, CHUNKED = "Content-Length: 5", "Transfer-Encoding: chunked"
LIVE = make_request("GET", "/live")
ANSWERS = {"/accepted": ACCEPTED, "/too-large": TOO_LARGE, "/malformed": make_malformed("url", "is required")}
LAST = make_request("GET", "/last", "Connection: close")


class Impatient(Connection):
    """The same, so that a test need not wait."""

    request_seconds = 0.4
    stop_seconds = 0.4
    request_bytes = 65_536
    most_waiting = 8


class Sweeper(SweptServer):
    sweep_seconds = 0.1


async def _send_whole(send: Any, answer: Answer) -> None:
    await send({"type": WHOLE_ANSWER, "answer": answer})


async def _send_parts(send: Any, answer: Answer) -> None:
    await send(answer.start)
    await send(answer.body)


class Application:
    """Notes what it was asked. /held waits for `go`, /early answers unread, /long answers more than a socket holds."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bytes]] = []
        self.headers: list[list[tuple[bytes, bytes]]] = []
        self.incomplete = 0
        self.go = threading.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, is_more = b"", scope["path"] != "/early"
        while is_more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.incomplete += 1
                return
            body, is_more = body + message["body"], message["more_body"]
        self.asked.append((scope["path"], body))
        self.headers.append(scope["headers"])
        while scope["path"] == "/held" and not self.go.is_set():
            await asyncio.sleep(0.01)  # the application at work
        if answer := ANSWERS.get(scope["path"]):
            await (_send_parts if scope["query_string"] else _send_whole)(send, answer)
            return
        content = b"x" * (30_000_000 if scope["path"] == "/long" else 2)
        length = [(b"content-length", b"%d" % len(content))]
        await send({"type": "http.response.start", "status": 200, "headers": length})
        await send({"type": "http.response.body", "body": content})


class Served:
    """A server in a thread."""

    def __init__(self, protocol: type[asyncio.Protocol], cap: int, keep_alive: int) -> None:
        self.app = Application()
        config = uvicorn.Config(
            self.app,
            loop="uvloop",
            http=protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            limit_concurrency=cap,
            timeout_keep_alive=keep_alive,
            timeout_graceful_shutdown=5,
        )
        self.server = Sweeper(config)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listener.getsockname()
        self._thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self._listener]})
        self._thread.start()
        wait_until(lambda: self.server.started, what="the server has started")

    @property
    def connections(self) -> int:
        return len(self.server.server_state.connections)

    def stop(self, seconds: float = 30) -> bool:
        """Stop it; return whether that took less than `seconds`."""
        self.app.go.set()
        self.server.should_exit = True
        self._thread.join(seconds)
        is_down = not self._thread.is_alive()
        self._thread.join()
        return is_down


@contextmanager
def serving(protocol: Any = Impatient, cap: int = 100, keep_alive: int = 75) -> Iterator[Served]:
    served = Served(protocol, cap, keep_alive)
    try:
        yield served
    finally:
        served.stop()


class Wire(asyncio.Transport):
    """A transport that leads nowhere."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self._is_closed = False

    def write(self, data: Any) -> None:
        self.sent += data

    def is_closing(self) -> bool:
        return self._is_closed

    def close(self) -> None:
        self._is_closed = True

    def abort(self) -> None:
        self._is_closed = True

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


def make_protocol(served: Served, state: ServerState | None = None) -> Connection:
    """A connection without a socket, and without a running loop: nothing is ever answered by the application."""
    loop = asyncio.new_event_loop()
    try:
        protocol = Connection(served.server.config, state or ServerState(), {}, loop)
        protocol.connection_made(Wire())
        return protocol
    finally:
        loop.close()


Connect = Callable[[Served], Client]
