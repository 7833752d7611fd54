"""What a worker does when its day is over: it ends for another to go on, unless it is told to end for good."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from collector.memory_directory import find_memory_directory
from collector.worker import EXIT_DAY_OVER, EXIT_STOPPED
from schema.batch import DAY_MS, day_start_ms
from support.clocked import FileClock
from support.processes import wait_until

DAY, TOMORROW = date(2026, 3, 10), date(2026, 3, 11)
PROGRAM = """
import pathlib, sys
from collector.worker import run_worker
from schema.settings import Settings, SpoolSettings
from support.clocked import FileClock
data_dir, clock, descriptor, number = sys.argv[1:]
settings = Settings(data_dir=pathlib.Path(data_dir), spool=SpoolSettings(min_free_bytes=0))
sys.exit(run_worker(settings, int(descriptor), FileClock(pathlib.Path(clock)), int(number)))
"""


@pytest.fixture
def started(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of the number that the test asks for, with the key of DAY; its clock then goes on to TOMORROW."""
    clock = FileClock(tmp_path / "clock")
    clock.turn_to(day_start_ms(DAY))
    keys = find_memory_directory(tmp_path / "data")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        given = [str(tmp_path / "data"), str(clock.file), str(listener.fileno()), str(request.param)]
        command = [sys.executable, "-c", PROGRAM, *given]
        process = subprocess.Popen(
            command, pass_fds=[listener.fileno()], env={"PYTHONPATH": str(Path(__file__).parents[1])}
        )
        try:
            wait_until((keys / f"{DAY}.key").exists, 60, "the worker has a key")
            answered = socket.create_connection(listener.getsockname(), timeout=60)
            answered.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert answered.recv(100)
            answered.close()
            clock.turn_to(day_start_ms(DAY) + DAY_MS)
            wait_until(
                lambda: (keys / f"{TOMORROW}.key").exists() and not (keys / f"{DAY}.key").exists(), 60, "its turn"
            )
            yield process
        finally:
            process.kill()
            process.wait()


@pytest.mark.parametrize("started", [1], indirect=True)
def test_soon_after_midnight_it_ends_and_says_why(started: subprocess.Popen[bytes]) -> None:
    assert started.wait(60) == EXIT_DAY_OVER


@pytest.mark.parametrize("started", [1000], indirect=True)  # whose turn to end is an hour later
def test_told_to_stop_meanwhile_it_stops_for_good(started: subprocess.Popen[bytes]) -> None:
    started.send_signal(signal.SIGTERM)
    assert started.wait(60) == EXIT_STOPPED
