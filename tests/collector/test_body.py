import asyncio
from typing import Any

import pytest

from collector.body import BodyIncompleteError, BodyTooLargeError, read_body


def parts(*contents: bytes, is_cut: bool = False) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": content, "more_body": is_cut or number < len(contents) - 1}
        for number, content in enumerate(contents)
    ]
    return [*messages, {"type": "http.disconnect"}] if is_cut else messages


def read(messages: list[dict[str, Any]], limit: int = 10) -> bytes:
    incoming = iter(messages)

    async def receive() -> dict[str, Any]:
        for message in incoming:
            return message
        await asyncio.Event().wait()  # the client says nothing more
        raise AssertionError

    return asyncio.run(read_body(receive, limit))


@pytest.mark.parametrize("contents", [(b"",), (b"0123456789",), (b"01234", b"56789"), (b"0", b"", b"1", b"")])
def test_a_body_is_read_whole(contents: tuple[bytes, ...]) -> None:
    assert read(parts(*contents)) == b"".join(contents)


@pytest.mark.parametrize(
    "contents", [(b"01234567890",), (b"01234", b"567890"), (b"0123456789", b"0"), (b"01234567890", b"")]
)
def test_a_body_over_the_limit_is_refused(contents: tuple[bytes, ...]) -> None:
    with pytest.raises(BodyTooLargeError):
        read(parts(*contents))


@pytest.mark.parametrize(
    ("rest", "unread"),
    [([b"x"] * 5, 0), ([b"x" * 65_536] * 2, 0), ([b"x" * 65_536] * 9, 7)],
    ids=["few", "many", "most"],
)
def test_the_rest_of_a_body_over_the_limit_is_read_up_to_a_point(rest: list[bytes], unread: int) -> None:
    incoming = iter(parts(b"012345", b"678901", *rest))

    async def receive() -> dict[str, Any]:
        return next(incoming)

    with pytest.raises(BodyTooLargeError):
        asyncio.run(read_body(receive, 10))
    assert len(list(incoming)) == unread


@pytest.mark.parametrize("contents", [(), (b"0",), (b"0", b"1")])
def test_a_body_whose_sender_goes_away_is_incomplete(contents: tuple[bytes, ...]) -> None:
    with pytest.raises(BodyIncompleteError):
        read(parts(*contents, is_cut=True))
