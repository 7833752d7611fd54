"""One connection to the collector: HTTP/1.1 by uvicorn and httptools, with deadlines and limits of our own.

uvicorn waits for a request without end and takes heads of any size. Here nothing is done per request that could be
done per piece of an incomplete one: a beacon that arrives whole meets one comparison, and no timer.
"""

from __future__ import annotations

import asyncio
import re
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import unquote

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from collector.answers import WHOLE_ANSWER
from collector.connections import SPARE_CONNECTIONS, cap_of, make_room
from collector.exchange import Exchange

PIECE_BYTES = 4096  # what is parsed at a time; a limit is passed by less than this before it is noticed


EXTENSIONS: dict[str, dict[object, object]] = {WHOLE_ANSWER: {}}
_PLAIN_TARGET = re.compile(rb"/[a-z0-9/._-]*")


def split_target(target: bytes) -> tuple[str, bytes, bytes]:
    """Return path (decoded), path as it came and query of a request's target.

    Raises:
        httptools.HttpParserInvalidURLError: it is none.
        UnicodeDecodeError: the path is not ASCII.
    """
    if _PLAIN_TARGET.fullmatch(target):
        return target.decode(), target, b""
    parsed = httptools.parse_url(target)
    return unquote(parsed.path.decode("ascii")), parsed.path, parsed.query or b""


class RefusedError(Exception):
    """Stops the parser; `answer` is what the sender gets."""

    def __init__(self, answer: bytes) -> None:
        super().__init__()
        self.answer = answer


def _make_answer(status: HTTPStatus, text: bytes) -> bytes:
    head = f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: text/plain; charset=utf-8\r\n"
    return head.encode() + b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(text), text)


NO_ANSWER = b""
NO_UPGRADE = _make_answer(HTTPStatus.BAD_REQUEST, b"there is no upgrade: send the same without offering one")
MALFORMED = _make_answer(HTTPStatus.BAD_REQUEST, b"not a request in HTTP/1.1")
LATE = _make_answer(HTTPStatus.REQUEST_TIMEOUT, b"the request did not come in time")
TOO_LARGE = _make_answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, b"the request is too large")
TOO_MANY = _make_answer(HTTPStatus.TOO_MANY_REQUESTS, b"too many requests ahead of their answers")
HEAD_TOO_LARGE = _make_answer(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, b"the head of the request is too large")


class Connection(HttpToolsProtocol):
    """What uvicorn makes of each accepted socket, in a `SweptServer`, whose sweep enforces the deadlines."""

    request_seconds: ClassVar[float] = 10.0  # from the first byte of a request (or from connecting) to its last
    stop_seconds: ClassVar[float] = 2.0  # the same once the worker is to stop
    head_bytes: ClassVar[int] = 16_384
    most_headers: ClassVar[int] = 100
    request_bytes: ClassVar[int] = 1_048_576  # with chunk headers and trailers, of which a body limit knows nothing
    most_waiting: ClassVar[int] = 128  # requests sent ahead of their answers

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.limit_concurrency = None  # uvicorn would answer 503 to those that speak, and keep those that are silent
        self._cap = cap_of(config)
        self._patience = self.request_seconds
        self._whole: object = None  # the scope of the last request that came completely; any other is incomplete
        self._begun: object = None  # the scope of the last request that came in more than one piece
        self._begun_bytes = 0
        self._since = self.loop.time()  # when we began to wait for what we wait for now
        self._last_words: bytes | None = None  # once refused: what to send after all answers
        self._is_ending = False

    # What uvloop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Make room for more at the cap; where nobody can go, do not take it."""
        super().connection_made(transport)  # type: ignore[arg-type]  # uvicorn's own narrowing
        if len(self.connections) == self._cap + 1:  # once on the way up: those that go are gone only a moment later
            make_room(self.connections, self._since, self._cap)  # type: ignore[arg-type]  # all are of this class
        elif len(self.connections) > self._cap + SPARE_CONNECTIONS:
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Parse what came."""
        if len(data) > PIECE_BYTES:
            for start in range(0, len(data), PIECE_BYTES):
                self.data_received(data[start : start + PIECE_BYTES])
            return
        if self._last_words is not None:
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.cycle.keep_alive = False  # answered as if it had not asked; what follows is never started
        except httptools.HttpParserError as error:
            reason = error.__context__
            self._refuse(reason.answer if isinstance(reason, RefusedError) else MALFORMED)
        else:
            if self.scope is not self._whole:
                self._add_piece(len(data))

    def pause_writing(self) -> None:
        """Note since when an answer has not been read."""
        super().pause_writing()
        self._since = self.loop.time()

    # What the parser calls

    def on_headers_complete(self) -> None:
        """Start the request, unless its head is too large."""
        if len(self.headers) > self.most_headers or (self._begun is self.scope and self._head_size() > self.head_bytes):
            raise RefusedError(HEAD_TOO_LARGE)
        if self.pipeline and len(self.pipeline) >= self.most_waiting:
            raise RefusedError(TOO_MANY)
        if self.parser.should_upgrade() and self.parser.get_method() == b"POST":
            raise RefusedError(NO_UPGRADE)  # its body is lost to the parser, which believes that HTTP ends here
        self._begin_exchange()
        self.headers = []  # a trailer is no header: what a proxy has set in the head cannot be overridden behind it

    def _begin_exchange(self) -> None:
        """Do what uvicorn does here, but for upgrades, which are refused, and with an exchange of our own."""
        parser, scope = self.parser, self.scope
        version = parser.get_http_version()
        scope["http_version"] = version
        scope["method"] = parser.get_method().decode("ascii")
        scope["path"], scope["raw_path"], scope["query_string"] = split_target(self.url)
        scope["extensions"] = EXTENSIONS
        before, self.cycle = (
            self.cycle,
            Exchange(
                scope=scope,
                transport=self.transport,
                flow=self.flow,
                logger=self.logger,
                access_logger=self.access_logger,
                access_log=False,
                default_headers=self.server_state.default_headers,
                message_event=asyncio.Event(),
                expect_100_continue=self.expect_100_continue,
                keep_alive=version != "1.0" and parser.should_keep_alive(),
                on_response=self.on_response_complete,
            ),
        )
        if before is None or before.response_complete:
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def on_message_complete(self) -> None:
        """Note that the request came completely."""
        self._whole = self.scope
        cycle = self.cycle
        if not cycle.response_complete:
            cycle.more_body = False
            cycle.message_event.set()

    def _head_size(self) -> int:
        """Return the bytes of the request line, as far as they are kept, and of the headers with `: ` and line end."""
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _add_piece(self, size: int) -> None:
        """Count a piece of a request that is not complete yet, but not the first: the end of another may be in it."""
        if self._begun is not self.scope:
            self._begun, self._begun_bytes, self._since = self.scope, 0, self.loop.time()
        else:
            self._begun_bytes += size
        is_head = self._has_incomplete_head()
        if len(self.headers) > self.most_headers or (is_head and self._begun_bytes > self.head_bytes):
            self._refuse(HEAD_TOO_LARGE)
        elif self._begun_bytes > self.request_bytes:
            self._refuse(TOO_LARGE)

    # What the running request calls

    def on_response_complete(self) -> None:
        """Go on with what came meanwhile. Unlike in uvicorn there is no timer for keep-alive: the sweep sees to it."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self._since = self.loop.time()
        self.flow.resume_reading()
        if self.pipeline and not self.pipeline[-1][0].disconnected:
            self._start_asgi_task(*self.pipeline.pop())
        elif self._last_words is not None:
            self._close(self._last_words)

    # What the sweep and the server call

    def is_closing(self) -> bool:
        """Return whether it has been told to close."""
        return self.transport.is_closing()

    @property
    def silence(self) -> tuple[int, float] | None:
        """Return (0 between requests, 1 inside one; since when), or None if it is not its sender that is waited for."""
        if self._has_answer_to_come() or self.transport.is_closing():
            return None
        return int(self._is_receiving()), self._since

    def end_if_late(self, now: float) -> None:
        """Close it if its sender has been waited for too long, or has not taken its answer."""
        waited = now - self._since
        if self.transport.is_closing():
            if self._is_ending:  # for one sweep at least, and what it was sent is still not taken
                self.transport.abort()
            self._is_ending = True
        elif self.flow.write_paused:
            if waited > self._patience:
                self.transport.abort()
        elif not self._has_answer_to_come() and waited > self._allowed_seconds():
            self.end()

    def end(self) -> None:
        """Close it; a request that is not complete is answered 408."""
        self._refuse(LATE if self._is_receiving() else NO_ANSWER)

    def shutdown(self) -> None:
        """Close it once nothing is being answered; whoever has begun a request has `stop_seconds` for the rest."""
        self._patience, self.timeout_keep_alive = self.stop_seconds, 0
        if self._is_receiving():
            self._since = self.loop.time()
        else:
            super().shutdown()

    def _allowed_seconds(self) -> float:
        """Return how long its sender may take: for a request, the very first one included, or between two."""
        is_first = self.scope is None
        return self._patience if is_first or self._is_receiving() else self.timeout_keep_alive

    # Where a request is

    def _is_receiving(self) -> bool:
        return self.scope is not self._whole

    def _has_incomplete_head(self) -> bool:
        return self._is_receiving() and (self.cycle is None or self.cycle.scope is not self.scope)

    def _has_answer_to_come(self) -> bool:
        """Return whether a complete request is not answered yet."""
        cycle = self.cycle
        return bool(self.pipeline) or (cycle is not None and not cycle.response_complete and not cycle.more_body)

    def _refuse(self, answer: bytes) -> None:
        """Take nothing more; once all before is answered, send `answer` (if no other has begun), and close."""
        cycle = self.cycle
        if self._is_receiving() and not self._has_incomplete_head():
            answer = NO_ANSWER if cycle.response_started else answer
            cycle.disconnected = True  # it is answered here; if it has not been started, it never is
        self._last_words = answer
        if not self._has_answer_to_come():
            self._close(answer)

    def _close(self, answer: bytes) -> None:
        if not self.transport.is_closing():
            if answer:
                self.transport.write(answer)
            self.transport.close()
