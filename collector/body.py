"""The body of a request: never more of it than is allowed. How long it may take, the connection says."""

from __future__ import annotations

from starlette.types import Message, Receive

_READ_AND_DROPPED = 131_072  # bytes of what is too large


class BodyTooLargeError(Exception):
    """The body has more bytes than allowed; they were dropped, or, of very many, not even read."""


class BodyIncompleteError(Exception):
    """The sender of the rest is gone, or was sent away."""


async def read_body(receive: Receive, max_bytes: int) -> bytes:
    """Return the whole body.

    One that is too large is read all the same, up to a point: whoever is still sending when the connection is closed
    gets an error from its system, or from a proxy, and never the answer.

    Raises:
        BodyTooLargeError: it has more than `max_bytes`.
        BodyIncompleteError: its sender is gone.
    """
    body, is_more = _read_part(await receive())
    while is_more and len(body) <= max_bytes:
        part, is_more = _read_part(await receive())
        body += part
    if len(body) > max_bytes:
        dropped = len(body)
        while is_more and dropped <= _READ_AND_DROPPED:
            part, is_more = _read_part(await receive())
            dropped += len(part)
        raise BodyTooLargeError
    return body


def _read_part(message: Message) -> tuple[bytes, bool]:
    if message["type"] != "http.request":
        raise BodyIncompleteError
    return message.get("body", b""), message.get("more_body", False)
