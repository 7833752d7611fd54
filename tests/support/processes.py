"""Footfall as its user runs it: real processes on free ports of 127.0.0.1, in a directory of its own."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

START_SECONDS = 180.0
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"

Answer = TypeVar("Answer")
_ANY = random.SystemRandom()
_GIVEN = set[int]()  # ports, to be listened on some time later
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))  # of those that run tests side by side
_WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))


def wait_until(condition: Callable[[], Answer], seconds: float = 30.0, what: str = "the condition") -> Answer:
    """Return the first true answer of `condition`; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        if answer := condition():
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {seconds} s")
        time.sleep(0.02)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listened on a moment ago; below those that connections take for their own end."""
    while True:
        port = _ANY.randrange(10_000 + _WORKER, 32_000, _WORKERS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in _GIVEN:
                _GIVEN.add(port)
                return port


def are_ready(*addresses: str) -> bool:
    """Whether every process at these addresses says that it is ready."""
    try:
        return all(httpx.get(f"http://{address}/health/ready", timeout=2).status_code == 200 for address in addresses)
    except httpx.HTTPError:
        return False


def child_processes(parent: int) -> dict[int, str]:
    """The direct children of a process: id → command line."""
    found = {}
    for entry in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        try:
            found[int(entry)] = Path(f"/proc/{entry}/cmdline").read_text().replace("\0", " ")
        except FileNotFoundError:
            continue
    return found


@dataclass
class Footfall:
    """`footfall serve` in `directory`, with its output in a file."""

    directory: Path
    settings: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ("serve",)
    python: Sequence[str] = (sys.executable,)  # what runs it
    collector: str = ""
    dashboard: str = ""
    example: str = ""
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.collector, self.dashboard, self.example = (f"127.0.0.1:{free_port()}" for _ in range(3))

    @property
    def data_dir(self) -> Path:
        """Where it keeps everything."""
        return self.directory / "data"

    @property
    def log_file(self) -> Path:
        """All that its processes print, over all starts."""
        return self.directory / "output.log"

    def environment(self) -> dict[str, str]:
        """The environment of its processes."""
        own = {
            "FOOTFALL__DATA_DIR": str(self.data_dir),
            "FOOTFALL__COLLECTOR__LISTEN": self.collector,
            "FOOTFALL__DASHBOARD__LISTEN": self.dashboard,
            "FOOTFALL__EXAMPLE__LISTEN": self.example,
            "FOOTFALL__SPOOL__MIN_FREE_BYTES": "0",
            "FOOTFALL__SPOOL__SEGMENT_SECONDS": "1",
            "FOOTFALL__AGGREGATOR__LIVE_SECONDS": "1",
        }
        return {**os.environ, **own, **{f"FOOTFALL__{name}": value for name, value in self.settings.items()}}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another command on the same settings."""
        command = [sys.executable, "-m", "footfall", *arguments]
        return subprocess.run(
            command,
            cwd=self.directory,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def start(self) -> None:
        """Start it and wait until everything answers."""
        self.launch()
        try:
            wait_until(self.is_ready, START_SECONDS, "footfall serve is ready")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log_file.read_text()}") from None

    def launch(self) -> None:
        """Start it."""
        with self.log_file.open("ab") as output:
            self.process = subprocess.Popen(
                [*self.python, "-m", "footfall", *self.arguments],
                cwd=self.directory,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def is_ready(self) -> bool:
        """Whether collector and dashboard say that they are ready."""
        if self.process is not None and self.process.poll() is not None:
            raise AssertionError(f"footfall ended with {self.process.returncode}: {self.log_file.read_text()}")
        return are_ready(self.collector, self.dashboard)

    def collector_is_ready(self) -> bool:
        """Whether the collector says that it is."""
        return are_ready(self.collector)

    def children(self) -> dict[int, str]:
        """Its child processes: id → command line."""
        assert self.process is not None
        return child_processes(self.process.pid)

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send the signal that Ctrl-C sends, and return the exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(30)

    def kill_everything(self) -> None:
        """kill -9 to the supervisor and all its children."""
        assert self.process is not None
        victims = [self.process.pid, *self.children()]
        for victim in victims:
            _kill(victim)
        self.process.wait(30)
        wait_until(lambda: not any(Path(f"/proc/{victim}").exists() for victim in victims[1:]), what="all are dead")

    def token(self, site: str = "*") -> str:
        """An access token, as `footfall token` prints it."""
        printed = self.run("token", "--site", site).stdout
        match = re.search(r"token=(\S+)", printed)
        assert match, printed
        return match[1]

    def query(self, token: str, **question: Any) -> dict[str, Any]:
        """Ask the API."""
        answer = httpx.post(
            f"http://{self.dashboard}/api/v2/query",
            json={"site_id": "example.com", "date_range": "day", **question},
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()
        return result


def _kill(process: int) -> None:
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return


@contextmanager
def running_footfall(directory: Path, *arguments: str, **settings: str) -> Iterator[Footfall]:
    """`footfall serve`, started and ready; killed at the end if the test did not stop it."""
    footfall = Footfall(directory, settings, arguments or ("serve",))
    try:
        footfall.start()
        yield footfall
    finally:
        if footfall.process is not None and footfall.process.poll() is None:
            footfall.kill_everything()
