"""Does the collector become slower while the ClickHouse server is dead or frozen?"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.clickhouse import URL, start
from benchmarks.load import offer
from benchmarks.measure import Spread, children, cpu_seconds, is_listening, program, wait_until, worker_settings

COLLECTOR, DASHBOARD = "127.0.0.1:18011", "127.0.0.1:18012"
WARM_UP_SECONDS = 2


def measure(runs: int, seconds: int, rate: int) -> str:
    """Offer `rate` beacons a second while the server is well, dead and frozen, in turn; a section of the report."""
    found: dict[str, list[dict[str, Any]]] = {"well": [], "dead": [], "frozen past its time-out": []}
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as name:
        (Path(name) / "clickhouse").mkdir()
        servers = [start(Path(name) / "clickhouse")]
        settings: dict[str, Any] = worker_settings(f"{name}/data", COLLECTOR)
        settings["FOOTFALL__DASHBOARD__LISTEN"] = DASHBOARD
        settings["FOOTFALL__STORE__URL"] = f"{URL}?timeout=2&connect_timeout=2"
        try:
            with program("-m", "footfall", "serve", **settings) as supervisor:
                wait_until(lambda: is_listening(COLLECTOR) and len(children(supervisor.pid)) == 2)
                worker = next(child for child in children(supervisor.pid) if b"worker" in _command(child))
                for _ in range(runs):
                    found["well"].append(_run(worker, seconds, rate))
                    with _dead(servers, Path(name) / "clickhouse"):
                        found["dead"].append(_run(worker, seconds, rate))
                    with _frozen(servers[-1]):
                        found["frozen past its time-out"].append(_run(worker, seconds, rate))
        finally:
            servers[-1].kill()
            servers[-1].wait()
    return _section(found, runs, seconds, rate)


@contextmanager
def _dead(servers: list[subprocess.Popen[bytes]], directory: Path) -> Iterator[None]:
    servers[-1].kill()
    servers[-1].wait()
    yield
    servers.append(start(directory))


@contextmanager
def _frozen(server: subprocess.Popen[bytes]) -> Iterator[None]:
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


def _run(worker: int, seconds: int, rate: int) -> dict[str, Any]:
    warm_up = rate * WARM_UP_SECONDS
    count = warm_up + rate * seconds
    before = cpu_seconds(worker)
    *_, summary = offer(COLLECTOR, "/api/event", "FEW", count, rate=rate, step=warm_up)
    return {**summary, "cpu": 1e6 * (cpu_seconds(worker) - before) / count}


def _command(process: int) -> bytes:
    return Path(f"/proc/{process}/cmdline").read_bytes()


def _section(found: dict[str, list[dict[str, Any]]], runs: int, seconds: int, rate: int) -> str:
    def row(name: str, measured: list[dict[str, Any]]) -> str:
        times: Callable[[str], str] = lambda which: str(Spread.of([1000 * run[which] for run in measured]))  # noqa: E731
        ratio = Spread.of([run["p99"] for run in measured]).median / base
        cpu = Spread.of([run["cpu"] for run in measured])
        errors = sum(run["errors"] for run in measured)
        return f"| {name} | {times('p50')} | {times('p99')} | {100 * ratio:.0f} % | {errors} | {cpu} |"

    base = Spread.of([run["p99"] for run in found["well"]]).median
    return "\n".join(
        [
            "## The collector while the server is away",
            "",
            f"`footfall serve` with one worker on a ClickHouse server, {rate:,} beacons a second; {runs} runs of"
            f" {seconds} s of each in turn: median (lowest–highest).",
            "",
            "| the server is | p50 µs | p99 µs | p99 beside well | errors | CPU ms per 1,000 |",
            "| --- | ---: | ---: | ---: | ---: | ---: |",
            *(row(name, measured) for name, measured in found.items()),
        ]
    )
