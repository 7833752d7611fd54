"""Many connections: who makes room for others, and who is waited for at the end."""

import threading

import pytest
from uvicorn.server import ServerState

from collector.connection import Connection
from collector.connections import SPARE_CONNECTIONS
from support.processes import wait_until
from support.raw_http import make_request
from support.served import LENGTH, LIVE, Connect, Served, make_protocol, serving


def test_the_longest_silent_connections_make_room(connect: Connect) -> None:
    with serving(Connection, cap=100) as served:
        busy = connect(served)
        busy.send(make_request("GET", "/held"))
        slow = [connect(served) for _ in range(10)]
        for client in slow:
            client.send(b"GET / HT")
        wait_until(lambda: served.app.asked and served.connections == 11, what="all are there")
        idle = [connect(served) for _ in range(60)]
        for client in idle:
            client.send(LIVE)
            client.wait_for(1)
        more = [connect(served) for _ in range(25)]
        wait_until(lambda: sum(client.look() for client in idle) >= 21, 5, "there is room")
        gone = [client.look() for client in idle]
        assert sum(gone) == 21
        assert all(gone[:10])
        assert not any(gone[-30:])
        assert not any(client.look() for client in [busy, *slow])
        served.app.go.set()
        assert busy.wait_for(1) == [200]
        assert len(more) == 25


def test_a_full_server_takes_a_new_connection_at_once(connect: Connect) -> None:
    with serving(Connection, cap=100) as served:
        served.server.sweep_seconds = 1000  # type: ignore[misc]  # so that it is not the sweep that makes room
        silent = [connect(served) for _ in range(100)]
        wait_until(lambda: served.connections == 100, what="it is full")
        fresh = connect(served)
        fresh.send(LIVE)
        assert fresh.wait_for(1) == [200]
        wait_until(lambda: served.connections == 75, 5, "there is room for more")
        assert sum(client.look() for client in silent) == 26


def test_more_than_can_be_accepted_at_a_time_are_not_taken(patient: Served) -> None:
    """Those that make room are gone only a moment later; were there no limit, a burst could take every open file."""
    state = ServerState()
    burst = [make_protocol(patient, state) for _ in range(100 + SPARE_CONNECTIONS + 44)]
    assert [protocol.transport.is_closing() for protocol in burst[-45:]] == [False] + [True] * 44
    assert sum(protocol.transport.is_closing() for protocol in burst[:-44]) == 26


@pytest.mark.parametrize("begin", [b"", b"GET / HT", make_request("POST", "/", LENGTH), LIVE], ids=repr)
def test_a_graceful_stop_does_not_wait_for_slow_senders(connect: Connect, begin: bytes) -> None:
    with serving(Connection) as served:
        clients = [connect(served) for _ in range(20)]
        for client in clients:
            client.send(begin)
        wait_until(lambda: served.connections == 20, what="all are connected")
        assert served.stop(4.5)


def test_a_graceful_stop_waits_for_the_rest_of_a_request(connect: Connect) -> None:
    with serving(Connection) as served:
        client = connect(served)
        client.send(make_request("POST", "/", LENGTH) + b"ab")
        wait_until(lambda: served.connections == 1, what="it is connected")
        stopping = threading.Thread(target=served.stop)
        stopping.start()
        wait_until(lambda: not served.server.servers[0].is_serving(), what="it is stopping")
        client.send(b"cde")
        assert client.wait_for_end() == [200]
        stopping.join()
