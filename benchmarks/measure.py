"""What every benchmark needs: medians, processes on loopback, wrk, the machine's description."""

from __future__ import annotations

import os
import platform
import random
import re
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("uvicorn", "uvloop", "httptools", "starlette", "msgspec", "pandas", "pyarrow", "chdb")

_DRAWS = 10_000


@dataclass(frozen=True)
class Spread:
    """The median of several runs, with the lowest and highest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> Spread:
        """Summarise `values`."""
        return cls(statistics.median(values), min(values), max(values))

    def __str__(self) -> str:
        return f"{self.median:,.0f} ({self.low:,.0f}–{self.high:,.0f})"


@dataclass(frozen=True)
class Ratio:
    """The median ratio of pairs, and the 95 % interval of that median by drawing the pairs again (bootstrap)."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float], bases: list[float]) -> Ratio:
        """Compare each value with its own base."""
        ratios = [value / base for value, base in zip(values, bases, strict=True)]
        chance = random.Random(1)
        medians = sorted(statistics.median(chance.choices(ratios, k=len(ratios))) for _ in range(_DRAWS))
        return cls(statistics.median(ratios), medians[_DRAWS // 40], medians[-(_DRAWS // 40) - 1])

    def __str__(self) -> str:
        return f"{100 * self.median:.0f} % ({100 * self.low:.0f}–{100 * self.high:.0f})"


def machine() -> str:
    """One line: processor, cores, memory, kernel, Python and the packages that matter."""
    model = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    cpu = model[1] if model else platform.processor()
    return (
        f"{cpu}, {os.cpu_count()} cores, {memory:.0f} GiB, Linux {platform.release()}, "
        f"Python {platform.python_version()}, {packages}"
    )


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Return when `condition` is true; raise TimeoutError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing after {seconds} s")
        time.sleep(0.02)


def is_listening(address: str) -> bool:
    """Whether something accepts connections on host:port."""
    host, _, port = address.rpartition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def pinned(core: int | None) -> list[str]:
    """Return what to put before a command so that it runs on `core`."""
    return [] if core is None else ["taskset", "-c", str(core)]


def pin(process: int, core: int) -> None:
    """Move a process with all its threads to `core`."""
    for thread in Path(f"/proc/{process}/task").iterdir():
        os.sched_setaffinity(int(thread.name), {core})


@contextmanager
def outranking() -> Iterator[None]:
    """Where allowed, let what is started in the block come before all else on the machine; among itself it is equal."""
    _schedule(os.SCHED_RR, 1)
    try:
        yield
    finally:
        _schedule(os.SCHED_OTHER, 0)


def _schedule(policy: int, priority: int) -> None:
    with suppress(PermissionError):
        os.sched_setscheduler(0, policy, os.sched_param(priority))


@contextmanager
def program(*arguments: str, core: int | None = None, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `python …` until the block ends, on one core if asked."""
    command = [*pinned(core), sys.executable, *arguments]
    process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def worker_settings(directory: str, listen: str) -> dict[str, str]:
    """The environment of a collector with one worker, behind a proxy on this machine, that counts whatever comes."""
    return {
        "FOOTFALL__DATA_DIR": directory,
        "FOOTFALL__COLLECTOR__LISTEN": listen,
        "FOOTFALL__COLLECTOR__WORKERS": "1",
        "FOOTFALL__COLLECTOR__TRUSTED_PROXIES": "127.0.0.1/32",
        "FOOTFALL__COLLECTOR__SITE_RATE": "100000000",  # limits are kept as ever, and never reached
        "FOOTFALL__SPOOL__MIN_FREE_BYTES": "0",
    }


def children(process: int) -> list[int]:
    """The ids of the direct children of a process."""
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def cpu_seconds(process: int) -> float:
    """What a process has used of processors so far, in all its threads, for itself and in the kernel."""
    user, system = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def pss_megabytes(process: int) -> float:
    """The proportional set size of a process."""
    found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{process}/smaps_rollup").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) * 1024 / 1e6


def wrk(address: str, path: str, script: Path, *, seconds: int, connections: int = 128) -> dict[str, float]:
    """Load http://address/path from one thread on the other core; return requests per second and latencies in ms."""
    command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script), "--latency"]
    printed = subprocess.run([*command, f"http://{address}{path}"], capture_output=True, text=True, check=True).stdout
    if refused := re.search(r"Non-2xx or 3xx responses: (\d+)", printed):
        raise RuntimeError(f"{refused[1]} answers were not 2xx")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", printed)
    assert rate, printed
    return {"rate": float(rate[1]), "p50": _latency(printed, "50%"), "p99": _latency(printed, "99%")}


def _latency(printed: str, percentile: str) -> float:
    found = re.search(rf"{percentile}\s+([\d.]+)(us|ms|s)", printed)
    assert found, printed
    return float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[found[2]]
