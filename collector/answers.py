"""What the collector answers to beacons: ASGI messages, most of them made once."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

import msgspec
from starlette.types import Message

from schema.hit import Rejection

WHOLE_ANSWER = "footfall.answer"  # an ASGI extension, and the type of its message: {"answer": Answer}

Headers = tuple[tuple[bytes, bytes], ...]

TEXT, JSON, GIF = b"text/plain; charset=utf-8", b"application/json", b"image/gif"

# Any page may send a beacon; no cookie or login ever goes with it, and no answer is kept.
CLOSE = (b"connection", b"close")
_COMMON: Headers = (
    (b"access-control-allow-origin", b"*"),
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"cache-control", b"no-store"),
)


class Answer(msgspec.Struct, frozen=True):
    """A whole answer: as the two messages of ASGI, and as the bytes of HTTP/1.1 around what the server adds."""

    start: Message
    body: Message
    head: bytes
    tail: bytes
    closes: bool  # the connection, once it is sent

    def encode(self, server_headers: Iterable[tuple[bytes, bytes]]) -> bytes:
        """Return all its bytes, with those of `server_headers` (such as the date) among the headers."""
        return self.head + b"".join([b"%b: %b\r\n" % header for header in server_headers]) + self.tail


def make_answer(status: int, content: bytes, content_type: bytes = TEXT, headers: Headers = ()) -> Answer:
    """Return an answer with the headers that all of them have, and `headers`."""
    all_headers = [
        *_COMMON,
        (b"content-type", content_type),
        (b"content-length", b"%d" % len(content)),
        *headers,
    ]
    line = b"HTTP/1.1 %d %b\r\n" % (status, HTTPStatus(status).phrase.encode())
    return Answer(
        {"type": "http.response.start", "status": status, "headers": all_headers},
        {"type": "http.response.body", "body": content},
        line + b"".join([b"%b: %b\r\n" % header for header in all_headers]),
        b"\r\n" + content,
        CLOSE in headers,
    )


def make_rejected(
    rejections: Iterable[Rejection], status: int = 202, content: bytes = b"ok", kind: bytes = TEXT
) -> Answer:
    """Return the answer to a beacon that was decided not to count, for one of its sites at least."""
    reasons = ", ".join(dict.fromkeys(rejections)).encode()
    return make_answer(status, content, kind, ((b"x-footfall-rejected", reasons),))


def make_malformed(field: str, problem: str) -> Answer:
    """Return the answer to a beacon that is not in the wire format, or for no site of ours."""
    return make_answer(400, msgspec.json.encode({"errors": {field: [problem]}}), JSON)


def make_unavailable(retry_after: int) -> Answer:
    """Return the answer while the spool cannot take anything; `retry_after` is in seconds."""
    return make_answer(503, b"try again later", headers=((b"retry-after", b"%d" % retry_after),))


def make_too_many(retry_after: int) -> Answer:
    """Return the answer to a beacon above a rate limit; `retry_after` is in seconds."""
    headers = ((b"retry-after", b"%d" % retry_after), (b"x-footfall-rejected", Rejection.RATE_LIMIT.encode()))
    return make_answer(429, b"too many beacons", headers=headers)


ACCEPTED = make_answer(202, b"ok")
PREFLIGHT = make_answer(
    200,
    b"",
    headers=(
        (b"access-control-allow-methods", b"POST, OPTIONS"),
        (b"access-control-allow-headers", b"content-type"),
        (b"access-control-max-age", b"86400"),
    ),
)
WRONG_METHOD = make_answer(405, b"a beacon is sent with POST", headers=((b"allow", b"POST, OPTIONS"),))
INCOMPLETE = make_answer(408, b"the beacon did not come whole", headers=(CLOSE,))
TOO_LARGE = make_answer(413, b"the beacon is too large", headers=(CLOSE,))
FAILED = make_answer(500, b"the collector failed")
