"""Hundreds of senders that are slow or silent, of every kind: beacons are taken all the same, the slow are closed."""

import asyncio
import resource
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.beacons import Request, send
from support.processes import Footfall, wait_until
from support.raw_http import Client, address_of, make_request

DEADLINE_SECONDS = 10.0
SWEEP_SECONDS = 1.0
LATE_SECONDS = 3.0  # how much later than that a busy machine may be
SLOW_OF_EACH = 60
IDLE = 4500
CHUNKED = "Transfer-Encoding: chunked"
LIVE = make_request("GET", "/health/live")
BEACON = {"n": "pageview", "d": "example.com", "u": "https://example.com/"}

# What is sent at first, and then again and again.
SLOW = {
    "nothing at all": (b"", b""),
    "line ends": (b"", b"\r\n"),
    "a request line": (b"POST /api/event?", b"a"),
    "a header": (b"POST /api/event HTTP/1.1\r\nX: ", b"a"),
    "headers": (b"POST /api/event HTTP/1.1\r\n", b"X: a\r\n"),
    "a body": (make_request("POST", "/api/event", "Content-Length: 9000"), b"a"),
    "a body that is not waited for": (make_request("GET", "/pixel.gif", "Content-Length: 9000"), b"a"),
    "chunks": (make_request("POST", "/api/event", CHUNKED), b"1\r\na\r\n"),
    "a chunk extension": (make_request("POST", "/api/event", CHUNKED) + b"1;", b"a"),
    "trailers": (make_request("POST", "/api/event", CHUNKED) + b"0\r\n", b"X: a\r\n"),
    "the second request": (LIVE + b"GET /health/live HTTP/1.1\r\nX: ", b"a"),
}


@contextmanager
def one_worker(directory: Path) -> Iterator[Footfall]:
    """`footfall collect` with a single worker, which everyone meets."""
    settings = {"COLLECTOR__WORKERS": "1", "COLLECTOR__TRUSTED_PROXIES": "127.0.0.1/32"}
    footfall = Footfall(directory, settings, ("collect",))
    try:
        footfall.launch()
        wait_until(footfall.collector_is_ready, 60, "the collector is ready")
        yield footfall
    finally:
        if footfall.process is not None and footfall.process.poll() is None:
            footfall.kill_everything()


@contextmanager
def connected(footfall: Footfall, count: int) -> Iterator[list[Client]]:
    """`count` connections."""
    clients: list[Client] = []
    try:
        for _ in range(count):
            clients.append(Client(address_of(footfall.collector)))
        yield clients
    finally:
        for client in clients:
            client.close()


def beacons(footfall: Footfall, count: int = 20) -> float:
    """Send beacons on new connections, all of which must be taken; return how many seconds that took."""
    started = time.monotonic()
    requests = [Request(BEACON, f"198.51.100.{number}") for number in range(count)]
    assert asyncio.run(send(footfall.collector, requests, connections=count)) == [202] * count
    return time.monotonic() - started


def test_slow_senders_are_closed_and_disturb_nobody(tmp_path: Path) -> None:
    kinds = [kind for kind in SLOW for _ in range(SLOW_OF_EACH)]
    with one_worker(tmp_path) as footfall, connected(footfall, len(kinds)) as clients:
        pairs = list(zip(kinds, clients, strict=True))
        for kind, client in pairs:
            client.send(SLOW[kind][0])
        took = []

        def trickle() -> bool:
            for kind, client in pairs:
                if not client.look():
                    client.send(SLOW[kind][1])
            took.append(beacons(footfall))
            threshold = time.monotonic() + 0.2
            return wait_until(lambda: time.monotonic() > threshold) and all(client.look() for client in clients)

        wait_until(trickle, DEADLINE_SECONDS + SWEEP_SECONDS + LATE_SECONDS, "all are closed")
        assert max(took) < 2
        for kind, client in pairs:
            assert client.lasted > DEADLINE_SECONDS - 1, kind
            assert set(client.statuses) <= {408, 200, 400}, kind
        assert {kind for kind, client in pairs if 408 not in client.statuses} == {
            "nothing at all",
            "line ends",
            "a body that is not waited for",
        }


def test_idle_connections_never_keep_beacons_out(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < IDLE + 300:
        pytest.skip(f"this machine allows a process {hard} open files, fewer than the connections of this test")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, IDLE + 300), hard))
    try:
        with one_worker(tmp_path) as footfall, connected(footfall, IDLE // 2) as silent:
            beacons(footfall)
            with connected(footfall, IDLE - len(silent)) as served:
                for client in served:
                    client.send(LIVE)
                assert max(beacons(footfall) for _ in range(10)) < 2
                assert any(client.look() for client in silent)
                wait_until(lambda: sum(not each.look() for each in [*silent, *served]) <= 3072, what="there is room")
            beacons(footfall)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_worker_stops_in_time_although_senders_are_slow(tmp_path: Path) -> None:
    kinds = [kind for kind in SLOW for _ in range(SLOW_OF_EACH)]
    with one_worker(tmp_path) as footfall, connected(footfall, len(kinds)) as clients:
        for kind, client in zip(kinds, clients, strict=True):
            client.send(SLOW[kind][0])
        beacons(footfall)
        started = time.monotonic()
        assert footfall.stop(signal.SIGTERM) == 0
        assert time.monotonic() - started < 5
        said = footfall.log_file.read_text()
        assert "Traceback" not in said
        assert "Cancel" not in said
