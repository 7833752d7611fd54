"""One connection: what comes late, in pieces, or is too much."""

import threading

import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from collector.connection import Connection
from support.processes import wait_until
from support.raw_http import Client, make_chunks, make_request
from support.served import CHUNKED, LENGTH, LIVE, Connect, Served, make_protocol, serving


def trickle(client: Client, piece: bytes, seconds: float = 10) -> list[int]:
    """Send `piece` again and again until the other end has had enough."""

    def step() -> bool:
        client.send(piece)
        return client.look()

    wait_until(step, seconds, "the connection is closed")
    return client.statuses


@pytest.mark.parametrize(
    ("begin", "piece", "answers"),
    [
        (b"", b"", []),
        (b"", b"\r\n", []),
        (b"G", b"E", [400]),
        (b"GET /live HTTP/1.1\r\nX: ", b"a", [408]),
        (b"GET /live?", b"a", [408]),
        (make_request("POST", "/", "Content-Length: 9000"), b"", [408]),
        (make_request("POST", "/", "Content-Length: 9000"), b"a", [408]),
        (make_request("POST", "/", CHUNKED), b"", [408]),
        (make_request("POST", "/", CHUNKED), b"1\r\na\r\n", [408]),
        (make_request("POST", "/", CHUNKED) + b"1;", b"a", [408]),
        (make_request("POST", "/", CHUNKED) + b"0\r\n", b"X: a\r\n", [408]),
        (LIVE, b"\r\n", [200]),
        (LIVE + b"GET /live HTTP/1.1\r\nX: ", b"a", [200, 408]),
        (LIVE + make_request("POST", "/", "Content-Length: 9000"), b"a", [200, 408]),
        (make_request("POST", "/early", "Content-Length: 9000"), b"a", [200]),
    ],
)
def test_a_slow_sender_is_closed(connect: Connect, begin: bytes, piece: bytes, answers: list[int]) -> None:
    with serving(keep_alive=1) as served:
        client = connect(served)
        client.send(begin)
        assert trickle(client, piece) == answers
        assert client.lasted < 3


def test_a_request_in_many_pieces_is_taken(patient: Served, connect: Connect) -> None:
    client = connect(patient)
    for byte in make_request("POST", "/pieces", CHUNKED, body=make_chunks([b"a", b"bc"])):
        client.send(bytes([byte]))
    assert client.wait_for(1) == [200]
    assert patient.app.asked[-1] == ("/pieces", b"abc")


def test_each_request_of_a_connection_has_its_own_deadline(served: Served, connect: Connect) -> None:
    client = connect(served)
    client.send(LIVE)
    assert client.wait_for(1) == [200]
    threading.Event().wait(0.8)  # silent for longer than a request may take
    for number in range(2, 6):
        client.send(make_request("POST", "/", LENGTH, body=b"ab"))
        threading.Event().wait(0.2)  # slow, but in time; all of them together take twice what one may
        client.send(b"cde")
        assert client.wait_for(number) == [200] * number


def test_the_time_that_the_application_takes_is_not_the_senders(served: Served, connect: Connect) -> None:
    client = connect(served)
    client.send(make_request("GET", "/held") + b"GET /live HTTP/1.1\r\n")
    wait_until(lambda: served.app.asked, what="the request is being answered")
    assert not any(client.look() for _ in range(50) if not threading.Event().wait(0.02))
    served.app.go.set()
    client.wait_for(1)
    client.send(b"Host: x\r\n\r\n")
    assert client.wait_for(2) == [200, 200]


def test_a_connection_between_two_requests_is_kept_for_its_own_time(connect: Connect) -> None:
    with serving(keep_alive=2) as served:
        client = connect(served)
        client.send(LIVE)
        assert client.wait_for_end() == [200]
        assert 2 <= client.lasted < 4


def test_a_connection_in_use_is_kept(connect: Connect) -> None:
    with serving(keep_alive=1) as served:
        client = connect(served)
        for number in range(1, 9):
            client.send(LIVE)
            assert client.wait_for(number) == [200] * number
            threading.Event().wait(0.25)  # all of it takes twice the time for which one is kept unused


def test_whoever_does_not_take_its_answer_is_closed(served: Served, connect: Connect) -> None:
    client = connect(served)
    client.send(make_request("GET", "/long"))
    wait_until(lambda: served.app.asked, what="it is being answered")
    wait_until(lambda: served.connections == 0, 5, "it is closed")


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (make_request("GET", "/live", f"X: {'a' * 16_000}"), 200),
        (make_request("GET", "/live", f"X: {'a' * 16_400}"), 431),
        (make_request("GET", f"/{'a' * 16_400}"), 431),
        (make_request("GET", f"/live?{'a' * 8_000}", f"X: {'a' * 8_400}"), 431),
        (make_request("GET", "/live", *(f"X-{number}: {'a' * 250}" for number in range(70))), 431),
        (make_request("GET", "/live", *["X: a"] * 99), 200),
        (make_request("GET", "/live", *["X: a"] * 100), 431),
        (make_request("GET", "/live", *["X: a"] * 3_000), 431),
        (b"GET /live HTTP/1.1\r\n" + b"a" * 30_000, 431),
        (b"GET /live HTTP/1.1\r\nX: " + b"a" * 300_000, 431),
        (b"GET /live HTTP/1.1\r\n" + b"X: a\r\n" * 102, 431),
    ],
)
@pytest.mark.parametrize("piece_bytes", [500_000, 1000])
def test_a_head_is_bounded_in_size_and_number(
    patient: Served, connect: Connect, head: bytes, status: int, piece_bytes: int
) -> None:
    client = connect(patient)
    for start in range(0, len(head), piece_bytes):
        client.send(head[start : start + piece_bytes])
    assert client.wait_for(1) == [status]
    if status == 431:
        assert client.wait_for_end() == [431]


def test_what_is_beyond_the_limit_of_a_head_is_never_kept(patient: Served) -> None:
    """An endless head is refused while it comes: less than two pieces of what was parsed beyond the limit."""
    fed = 0
    protocol = make_protocol(patient)
    while not protocol.transport.is_closing():
        protocol.data_received(b"GET / HTTP/1.1\r\nX: " if fed == 0 else b"a" * 100)
        fed += 100
    assert 16_384 <= fed <= 16_384 + 2 * 4096


def test_nothing_more_is_kept_of_a_refused_head_while_another_request_is_answered(
    served: Served, connect: Connect
) -> None:
    client = connect(served)
    client.send(make_request("GET", "/held"))
    wait_until(lambda: served.app.asked, what="it is being answered")
    (connection,) = served.server.server_state.connections
    assert isinstance(connection, Connection)
    client.send(b"GET /" + b"a" * 500_000)
    wait_until(lambda: len(connection.url) > 16_384, what="the head has come")
    served.app.go.set()
    assert client.wait_for_end() == [200, 431]
    assert len(connection.url) < 16_384 + 2 * 4096


@pytest.mark.parametrize("piece", [b"X: a\r\n", b"X: " + b"a" * 1000, b"a" * 1000])
def test_trailers_and_chunk_headers_are_bounded(served: Served, connect: Connect, piece: bytes) -> None:
    client = connect(served)
    client.send(make_request("POST", "/", CHUNKED) + b"1;" * piece.startswith(b"a") + b"0\r\n" * piece.startswith(b"X"))
    client.send(piece * 200)
    assert client.wait_for_end(5) in ([413], [431])


def test_requests_ahead_of_their_answers_are_bounded(served: Served, connect: Connect) -> None:
    client = connect(served)
    client.send(make_request("GET", "/held") + LIVE * 1000)
    wait_until(lambda: served.app.asked, what="the first is being answered")
    served.app.go.set()
    assert client.wait_for_end() == [200] * 9 + [429]


def test_the_hot_path_has_no_timer(patient: Served) -> None:
    """uvicorn's own protocol arms and cancels one for every request; ours leaves that to the sweep."""
    assert Connection.on_response_complete is not HttpToolsProtocol.on_response_complete
    protocol = make_protocol(patient)
    assert protocol.timeout_keep_alive_task is None
