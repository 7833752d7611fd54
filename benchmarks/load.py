"""The load generator: beacons over kept connections, at a constant rate whatever the answers, or as fast as they come.

Every beacon has its time, and its latency counts from then: one that had to wait until an answer freed a connection has
waited for the server. It is a process of its own, on core 1.
"""

from __future__ import annotations

import gc
import json
import math
import os
import select
import socket
import subprocess
import sys
import time
from array import array
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from benchmarks import beacons

CONNECTIONS = 128
PATIENCE_SECONDS = 30.0
START_SECONDS = 0.2
MAX_ERRORS = 100


class Generator:
    """Sends `count` beacons to host:port, `rate` a second; math.inf is as fast as answers come."""

    def __init__(self, address: str, path: str, population: beacons.Population, count: int, rate: float) -> None:
        self._path, self._population, self._count, self._interval = path, population, count, 1 / rate
        self._sockets: dict[int, socket.socket] = {}
        self._poll = select.epoll()
        self._idle: deque[tuple[int, float]] = deque()  # descriptor, since when
        self._due: dict[int, float] = {}  # descriptor → when its beacon's time was
        self._begun: dict[int, bytes] = {}  # descriptor → the beginning of an answer
        self.sent = self.answered = self.errors = 0
        self.latencies, self.lateness = array("d"), array("d")  # seconds; in the order of answers, and of beacons
        host, _, port = address.rpartition(":")
        for _ in range(CONNECTIONS):
            connection = socket.create_connection((host, int(port)))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setblocking(False)
            self._sockets[connection.fileno()] = connection
            self._idle.append((connection.fileno(), 0.0))
            self._poll.register(connection, select.EPOLLIN)

    def run(self) -> Iterator[int]:
        """Send, and give back how many are answered each time that it looked."""
        start = time.perf_counter() + START_SECONDS
        while self.answered < self._count:
            next_at = self._send_due(start)
            # select sleeps to the microsecond, epoll to the millisecond
            ready, _, _ = select.select([self._poll], [], [], max(0.0, next_at - time.perf_counter()))
            for descriptor, _ in self._poll.poll(0) if ready else ():
                self._receive(descriptor)
            if time.perf_counter() > next_at + PATIENCE_SECONDS:
                raise TimeoutError(f"{self.answered} of {self.sent} answered")
            yield self.answered

    def _send_due(self, start: float) -> float:
        """Send what has come due, as far as connections are free; return when to look again."""
        while self._idle and self.sent < self._count:
            due = start + self.sent * self._interval
            now = time.perf_counter()
            if due > now:
                return due
            descriptor, idle_since = self._idle.popleft()
            self._due[descriptor] = due
            self._sockets[descriptor].send(self._population.request(self.sent, self._path))
            self.lateness.append(now - max(due, idle_since))
            self.sent += 1
        return time.perf_counter() + 1.0

    def _receive(self, descriptor: int) -> None:
        answer = self._sockets[descriptor].recv(4096)
        if not answer:
            raise ConnectionError("the server closed a connection")
        answer = self._begun.pop(descriptor, b"") + answer
        is_accepted = answer.startswith(b"HTTP/1.1 202 ") and b"-rejected:" not in answer
        if is_accepted and not answer.endswith(b"\r\n\r\nok"):
            self._begun[descriptor] = answer
            return
        now = time.perf_counter()
        self.answered += 1
        self.errors += not is_accepted
        if self.errors > MAX_ERRORS:
            raise RuntimeError(f"{self.errors} answers were not 202, the last: {answer[:12]!r}")
        self.latencies.append(now - self._due[descriptor])
        self._idle.append((descriptor, now))


def offer(address: str, path: str, population: str, count: int, *, rate: float, step: int) -> Iterator[dict[str, Any]]:
    """Run a generator on core 1: give back its count after every `step` answers, and last what `summary` says."""
    words = (address, path, population, str(count), str(rate), str(step))
    command = ["taskset", "-c", "1", sys.executable, "-m", "benchmarks.load", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            yield json.loads(line)
    if process.returncode:
        raise RuntimeError(f"the load generator ended with {process.returncode}")


def summary(generator: Generator, seconds: float, skip: int) -> dict[str, Any]:
    """Say what came of it, the first `skip` beacons apart; times are in milliseconds."""
    latencies = sorted(generator.latencies[skip:])
    return {
        "answered": generator.answered,
        "errors": generator.errors,
        "rate": generator.answered / seconds,
        "p50": percentile(latencies, 50),
        "p99": percentile(latencies, 99),
        "p99.9": percentile(latencies, 99.9),
        "max": percentile(latencies, 100),
        "lateness_p99": percentile(sorted(generator.lateness[skip:]), 99),
    }


def percentile(ordered: list[float], share: float) -> float:
    """Return the value that `share` per cent of `ordered` seconds do not exceed, in milliseconds."""
    return 1000 * ordered[max(0, math.ceil(len(ordered) * share / 100) - 1)]


def _hurry() -> None:
    """Let nothing come between a beacon and its time: no garbage collection, and no other process where allowed."""
    gc.freeze()
    gc.disable()
    with suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(2))


def main() -> None:
    """Generate load as the arguments say. The first `step` beacons are the warm-up."""
    address, path, population, count, rate, step = sys.argv[1:]
    generator = Generator(address, path, getattr(beacons, population), int(count), float(rate))
    _hurry()
    started, said = time.perf_counter() + START_SECONDS, 0
    for answered in generator.run():
        if answered >= said + int(step):
            said += int(step)
            print(json.dumps({"answered": answered}), flush=True)
    print(json.dumps(summary(generator, time.perf_counter() - started, min(int(step), int(count) // 2))), flush=True)


if __name__ == "__main__":
    main()
