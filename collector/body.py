"""The body of a request: never more of it than is allowed, and not waited for without end."""

from __future__ import annotations

import asyncio

from starlette.types import Message, Receive

BODY_SECONDS = 10.0  # nearly every beacon is a single part, for which there is no timer: that would cost too much


class BodyTooLargeError(Exception):
    """The body has more bytes than allowed; the rest of it was not read."""


class BodyIncompleteError(Exception):
    """The rest of the body did not come in time, or its sender is gone."""


async def read_body(receive: Receive, max_bytes: int) -> bytes:
    """Return the whole body.

    Raises:
        BodyTooLargeError: it has more than `max_bytes`.
        BodyIncompleteError: its sender is gone, or BODY_SECONDS after its first part it is not complete.
    """
    body, is_more = _read_part(await receive())
    if is_more:
        body += await _read_rest(receive, max_bytes - len(body))
    if len(body) > max_bytes:
        raise BodyTooLargeError
    return body


async def _read_rest(receive: Receive, max_bytes: int) -> bytes:
    """Return what follows the first part: all of it, or just more than `max_bytes`."""
    body, is_more = b"", True
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while is_more and len(body) <= max_bytes:
                part, is_more = _read_part(await receive())
                body += part
    except TimeoutError:
        raise BodyIncompleteError from None
    return body


def _read_part(message: Message) -> tuple[bytes, bool]:
    if message["type"] != "http.request":
        raise BodyIncompleteError
    return message.get("body", b""), message.get("more_body", False)
