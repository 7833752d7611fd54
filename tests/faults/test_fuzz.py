"""Requests that nobody should send, by the ten thousand: the collector answers, never fails, and does not grow."""

import asyncio
import collections
import contextlib
import os
import random
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.beacons import Request, send
from support.hostile_requests import CANARY, Hostile
from support.processes import Footfall, wait_until
from support.raw_http import address_of, statuses_in

REQUESTS = int(os.environ.get("FOOTFALL_TEST_FUZZ", "50000"))
SEED = int(os.environ.get("FOOTFALL_TEST_FUZZ_SEED", "7"))
CONNECTIONS = 64  # so that a commit of the spool is shared by many
BATCH = 16  # requests on a connection at a time
MALFORMED_SHARE = 0.5  # of the batches end with something that is not HTTP
WARM_UP_SHARE = 0.3
GROWTH_BYTES = 24_000_000  # caches that are not full yet, and what the allocator keeps
ANSWER_SECONDS = 30.0
LAST_ANSWER_SECONDS = 0.1  # for what is malformed, which may look like the beginning of something long
GOOD = {"n": "pageview", "d": "example.com", "u": "https://example.com/good"}


class Fuzz:
    """Sends batches of hostile requests over several connections at once, and notes the answers."""

    def __init__(self, address: str) -> None:
        self.sent = self.expected = self.received = 0
        self.statuses: collections.Counter[int] = collections.Counter()
        self._address = address_of(address)
        self._batches = iter(range(10**9))

    async def run(self, requests: int) -> None:
        """Send this many more."""
        until = self.sent + requests
        await asyncio.gather(*(self._work(until) for _ in range(CONNECTIONS)))

    async def _work(self, until: int) -> None:
        connection = None
        while self.sent < until:
            number = next(self._batches)
            chance = random.Random(f"{SEED}-{number}")
            batch = [Hostile(chance).well_framed() for _ in range(BATCH)]
            is_malformed = chance.random() < MALFORMED_SHARE
            last = Hostile(chance).malformed() if is_malformed else b""
            connection = connection or await connect(self._address)
            answers = await self._exchange(connection, batch, last, number)
            self.sent += len(batch) + is_malformed
            self.expected += len(batch)
            self.received += min(answers, len(batch))
            if is_malformed or answers < len(batch):
                connection.close()
                connection = None
        if connection is not None:
            connection.close()

    async def _exchange(self, connection: socket.socket, batch: list[bytes], last: bytes, number: int) -> int:
        """Return how many answers came: as many as there are well-framed requests, unless the connection ended."""
        sending = asyncio.create_task(asyncio.get_running_loop().sock_sendall(connection, b"".join(batch) + last))
        received = bytearray()
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(ANSWER_SECONDS):
                await receive(connection, received, len(batch))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LAST_ANSWER_SECONDS):
                    await receive(connection, received, len(batch) + bool(last))
        with contextlib.suppress(ConnectionError):
            await sending
        found = final_statuses(received)
        assert max(found, default=0) < 500, f"seed {SEED}, batch {number}: {found} to {batch} {last!r}"
        self.statuses.update(found)
        return len(found)


async def connect(address: tuple[str, int]) -> socket.socket:
    """Return a connection for the loop's own calls, which deliver what had come before a reset."""
    connection = socket.socket()
    connection.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connection, address)
    return connection


async def receive(connection: socket.socket, received: bytearray, count: int) -> None:
    """Add to `received` what comes, until it has `count` answers or the connection ends."""
    while len(final_statuses(received)) < count:
        part = await asyncio.get_running_loop().sock_recv(connection, 1 << 18)
        if not part:
            return
        received += part


def final_statuses(received: bytes | bytearray) -> list[int]:
    """Return the status codes but 100."""
    return [status for status in statuses_in(received) if status >= 200]


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Footfall]:
    """`footfall collect` with a single worker and no limit to how many beacons a site may have."""
    settings = {"WORKERS": "1", "TRUSTED_PROXIES": "127.0.0.1/32", "SITE_RATE": "0"}
    footfall = Footfall(tmp_path, {f"COLLECTOR__{name}": value for name, value in settings.items()}, ("collect",))
    try:
        footfall.launch()
        wait_until(footfall.collector_is_ready, 60, "the collector is ready")
        yield footfall
    finally:
        if footfall.process is not None and footfall.process.poll() is None:
            footfall.kill_everything()


def worker_of(footfall: Footfall) -> int:
    (worker,) = (process for process, command in footfall.children().items() if " worker " in command)
    return worker


def memory_of(process: int) -> int:
    """Its proportional share of memory, in bytes."""
    found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{process}/smaps_rollup").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) * 1024


def count_good_beacons(footfall: Footfall, number: int) -> None:
    """Send beacons as browsers do, from visitors who were never here; each must be taken."""
    requests = [Request(GOOD, f"198.51.{number}.{last}") for last in range(10)]
    assert asyncio.run(send(footfall.collector, requests)) == [202] * 10


def test_hostile_requests_neither_break_nor_fatten_the_collector(
    collector: Footfall, capsys: pytest.CaptureFixture[str]
) -> None:
    worker, fuzz, sizes = worker_of(collector), Fuzz(collector.collector), []
    started = time.monotonic()
    for number, share in enumerate([WARM_UP_SHARE / 2] * 2 + [(1 - WARM_UP_SHARE) / 4] * 4):
        count_good_beacons(collector, number)
        asyncio.run(fuzz.run(int(REQUESTS * share)))
        sizes.append(memory_of(worker))
    count_good_beacons(collector, 100)
    with capsys.disabled():
        megabytes = [round(size / 1e6, 1) for size in sizes]
        print(f"\n{fuzz.sent} requests in {time.monotonic() - started:.0f} s, {dict(fuzz.statuses)}, MB {megabytes}")
    said = collector.log_file.read_text()
    assert worker_of(collector) == worker
    assert not re.search("Traceback|a request failed|Error", said), said[-4000:]
    assert CANARY not in said
    assert fuzz.received > 0.8 * fuzz.expected, "most of what is well-framed is answered"
    assert {200, 202, 400, 405, 413} <= set(fuzz.statuses)
    assert max(sizes[2:]) - sizes[1] < GROWTH_BYTES, sizes
