"""Answers that are sent in one piece: the same to the other end as those in two."""

import re
import socket
from collections.abc import Iterator

import pytest

from collector.connection import Connection
from support.raw_http import make_request
from support.served import ANSWERS, Served, serving


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving(Connection) as served:
        yield served


def received(served: Served, *requests: bytes) -> bytes:
    """Everything that comes until the other end closes."""
    with socket.create_connection(served.address, timeout=10) as client:
        client.sendall(b"".join(requests))
        content = b""
        while part := client.recv(65_536):
            content += part
    return content


def lines_of(answer: bytes) -> tuple[bytes, set[bytes], bytes]:
    """First line, headers in any order and without the moment in the date, content."""
    head, _, content = answer.partition(b"\r\n\r\n")
    first, *headers = re.sub(rb"date: [^\r]*", b"date: now", head).split(b"\r\n")
    return first, set(headers), content


@pytest.mark.parametrize("path", ANSWERS)
@pytest.mark.parametrize("headers", [("Connection: close",), ("Connection: close", "Expect: 100-continue")])
def test_an_answer_in_one_piece_is_the_one_in_two(served: Served, path: str, headers: tuple[str, ...]) -> None:
    whole = received(served, make_request("GET", path, *headers))
    parts = received(served, make_request("GET", path + "?parts", *headers))
    assert lines_of(whole) == lines_of(parts)


def test_a_kept_connection_has_the_same_answer_as_the_last_one_but_for_its_end(served: Served) -> None:
    kept_and_last = received(
        served, make_request("GET", "/accepted"), make_request("GET", "/accepted", "Connection: close")
    )
    kept, last = kept_and_last.split(b"HTTP/1.1 ")[1:]
    first, headers, content = lines_of(last)
    assert lines_of(kept) == (first, headers - {b"connection: close"}, content)
    assert b"date: now" in headers


def test_an_answer_that_ends_the_connection_ends_it(served: Served) -> None:
    answers = received(served, make_request("GET", "/too-large"), make_request("GET", "/accepted"))
    assert answers.count(b"HTTP/1.1 ") == 1
    assert b"connection: close" in answers


def test_an_older_client_is_answered_and_sent_away(served: Served) -> None:
    answer = received(served, b"GET /accepted HTTP/1.0\r\n\r\n")
    assert b"connection: close" in lines_of(answer)[1]


def test_a_question_for_the_head_alone_has_no_content(served: Served) -> None:
    """Else the next answer on the connection would be taken for the rest of this one."""
    answers = received(served, make_request("HEAD", "/accepted"), make_request("GET", "/accepted", "Connection: close"))
    head, _, rest = answers.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 202")
    assert rest.startswith(b"HTTP/1.1 202")
