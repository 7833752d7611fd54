"""The body of a request: never more of it than is allowed. How long it may take, the connection says."""

from __future__ import annotations

from starlette.types import Message, Receive


class BodyTooLargeError(Exception):
    """The body has more bytes than allowed; the rest of it was not read."""


class BodyIncompleteError(Exception):
    """The sender of the rest is gone, or was sent away."""


async def read_body(receive: Receive, max_bytes: int) -> bytes:
    """Return the whole body.

    Raises:
        BodyTooLargeError: it has more than `max_bytes`.
        BodyIncompleteError: its sender is gone.
    """
    body, is_more = _read_part(await receive())
    while is_more and len(body) <= max_bytes:
        part, is_more = _read_part(await receive())
        body += part
    if len(body) > max_bytes:
        raise BodyTooLargeError
    return body


def _read_part(message: Message) -> tuple[bytes, bool]:
    if message["type"] != "http.request":
        raise BodyIncompleteError
    return message.get("body", b""), message.get("more_body", False)
