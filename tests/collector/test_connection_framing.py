"""Where a request ends: what leaves room for doubt is refused, and what follows it is never executed."""

import pytest

from support.processes import wait_until
from support.raw_http import exchange, make_request
from support.served import CHUNKED, LAST, LENGTH, LIVE, Connect, Served


def test_a_trailer_is_no_header(patient: Served, connect: Connect) -> None:
    client = connect(patient)
    body = b"1\r\na\r\n0\r\nX-Forwarded-For: 198.51.100.7\r\n\r\n"
    client.send(make_request("POST", "/trailer", CHUNKED, body=body))
    assert client.wait_for(1) == [200]
    assert patient.app.asked[-1] == ("/trailer", b"a")
    assert [name for name, _ in patient.app.headers[-1]] == [b"host", b"transfer-encoding"]


SMUGGLED = [
    [LENGTH, CHUNKED],
    [CHUNKED, LENGTH],
    ["content-length: 5", "TRANSFER-ENCODING: CHUNKED"],
    [LENGTH, "Transfer-Encoding:  chunked "],
    [LENGTH, "Transfer-Encoding:\tchunked"],
    [LENGTH, "Transfer-Encoding: identity"],
    [LENGTH, "Transfer-Encoding: gzip, chunked"],
    [LENGTH, "Transfer-Encoding : chunked"],
    [LENGTH, " Transfer-Encoding: chunked"],
    [LENGTH, "Transfer-Encoding:\r\n chunked"],
    [LENGTH, "X: a\nTransfer-Encoding: chunked"],
    [LENGTH, "X: a\rTransfer-Encoding: chunked"],
    [LENGTH, "Transfer-Encoding: \x0bchunked"],
    [LENGTH, "Transfer-Encoding: xchunked"],
    [LENGTH, "Transfer-Encoding:"],
    [LENGTH, LENGTH],
    [LENGTH, "Content-Length: 50"],
    [LENGTH, "content-length: 5"],
    ["Content-Length: 5, 5"],
    ["Content-Length: 5, 50"],
    ["Content-Length: +5"],
    ["Content-Length: -5"],
    ["Content-Length: 0x5"],
    ["Content-Length: 5 0"],
    ["Content-Length:"],
    ["Content-Length: 5\r\n 0"],
    ["Content-Length : 5"],
    ["Content-Length: 18446744073709551621"],
    ["Transfer-Encoding: identity"],
    ["Transfer-Encoding: xchunked"],
    ["Transfer-Encoding: chunked, identity"],
    ["Transfer-Encoding: chunked, chunked"],
    [CHUNKED, CHUNKED],
    [CHUNKED, "Transfer-Encoding: identity"],
    ["X: a\r\n b"],
    ["X: a\nY: b"],
    ["X\0: a"],
    ["X: a\0"],
    ["Bad Name: a"],
    [": a"],
]


@pytest.mark.parametrize("headers", SMUGGLED, ids=repr)
@pytest.mark.parametrize("body", [b"0\r\n\r\n", b"5\r\nabcde\r\n0\r\n\r\n"], ids=["empty", "five"])
def test_a_request_with_two_lengths_or_a_strange_one_is_refused(
    patient: Served, headers: list[str], body: bytes
) -> None:
    asked = len(patient.app.asked)
    answers = exchange(patient.address, make_request("POST", "/smuggled", *headers) + body + LAST)
    assert answers == [400]
    assert patient.app.asked[asked:] == []


@pytest.mark.parametrize(
    "chunks",
    [
        b"5\nabcde\n0\n\n",
        b"5\r\nabcdeX\r\n0\r\n\r\n",
        b"-5\r\nabcde\r\n0\r\n\r\n",
        b"0x5\r\nabcde\r\n0\r\n\r\n",
        b" 5\r\nabcde\r\n0\r\n\r\n",
        b"5 \r\nabcde\r\n0\r\n\r\n",
        b"5\r\nabcde0\r\n\r\n",
        b"10000000000000005\r\nabcde\r\n0\r\n\r\n",
        b"\r\n5\r\nabcde\r\n0\r\n\r\n",
    ],
)
def test_a_body_in_strange_chunks_is_refused(patient: Served, chunks: bytes) -> None:
    asked = len(patient.app.asked)
    assert exchange(patient.address, make_request("POST", "/chunks", CHUNKED) + chunks + LAST) == [400]
    assert patient.app.asked[asked:] == []


@pytest.mark.parametrize(("method", "answers", "executed"), [("GET", [200], ["/upgrade"]), ("POST", [400], [])])
def test_what_follows_an_upgrade_is_not_executed(
    patient: Served, method: str, answers: list[int], executed: list[str]
) -> None:
    """With a POST not even the request itself: the parser loses its body, and a beacon would count as malformed."""
    asked = len(patient.app.asked)
    upgrade = make_request(method, "/upgrade", "Connection: upgrade", "Upgrade: h2c", f"Content-Length: {len(LAST)}")
    assert exchange(patient.address, upgrade + LAST + LAST) == answers
    assert [path for path, _ in patient.app.asked[asked:]] == executed


@pytest.mark.parametrize(
    "wrong",
    [
        b"\x16\x03\x01\x02\x00\x01",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"CONNECT a:1 HTTP/1.1\r\n\r\n",
        b"GET  HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_not_http_is_refused_without_a_word_in_the_log(
    patient: Served, wrong: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    assert exchange(patient.address, wrong + LAST) == [400]
    assert not caplog.records


@pytest.mark.parametrize("body", [b"", b"GET"], ids=["head", "body"])
def test_requests_before_a_malformed_one_are_answered_first(served: Served, connect: Connect, body: bytes) -> None:
    client = connect(served)
    wrong = make_request("POST", "/wrong", CHUNKED) if body else b""
    client.send(make_request("GET", "/held") + LIVE + wrong + b"wrong\r\n\r\n" + LAST)
    wait_until(lambda: served.app.asked, what="the first is being answered")
    client.send(LAST)
    served.app.go.set()
    assert client.wait_for_end() == [200, 200, 400]
    assert [path for path, _ in served.app.asked] == ["/held", "/live"]
    assert served.app.incomplete == 0


def test_whoever_waits_for_a_body_that_cannot_come_is_told(served: Served, connect: Connect) -> None:
    client = connect(served)
    client.send(make_request("POST", "/", CHUNKED) + b"1\r\na\r\n")
    client.send(b"wrong")
    assert client.wait_for_end() == [400]
    wait_until(lambda: served.app.incomplete == 1, what="it has been told")
