"""What does a visitor's browser wait for, at 3,000 beacons a second, and what does a beacon cost in processor time?"""

from __future__ import annotations

import os
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.load import CONNECTIONS, offer, percentile
from benchmarks.measure import Spread, children, cpu_seconds, is_listening, program, wait_until, worker_settings

BARE, COLLECTOR = "127.0.0.1:18005", "127.0.0.1:18006"
RATE = 3_000
WARM_UP_SECONDS = 3
SYNCS = 500
QUANTILES = ("p50", "p99", "p99.9", "max")


def measure(runs: int, seconds: int) -> str:
    """Alternate between the bare answer and the collector, `runs` times `seconds` each; a section of the report."""
    with (
        tempfile.TemporaryDirectory(prefix="footfall-bench-") as directory,
        program("-m", "benchmarks.bare", BARE.rpartition(":")[2], core=0) as bare,
        program("-m", "footfall", "collect", core=0, **worker_settings(directory, COLLECTOR)) as collector,
    ):
        for address in (BARE, COLLECTOR):
            wait_until(partial(is_listening, address))
        (worker,) = wait_for_children(collector.pid, 1)
        syncs = _sync_times(Path(directory) / "sync")
        pairs = [
            (_run(BARE, "/", bare.pid, seconds), _run(COLLECTOR, "/api/event", worker, seconds)) for _ in range(runs)
        ]
    return _section(pairs, syncs, runs, seconds)


def _sync_times(file: Path) -> list[float]:
    """How long the disk takes to keep 4 KiB more of a file, in seconds, ordered."""
    times = []
    with file.open("wb", buffering=0) as output:
        for _ in range(SYNCS):
            started = time.perf_counter()
            output.write(bytes(4096))
            os.fdatasync(output.fileno())
            times.append(time.perf_counter() - started)
    return sorted(times)


def wait_for_children(process: int, count: int) -> list[int]:
    """Return the children of a process, once it has `count` of them."""
    wait_until(lambda: len(children(process)) == count)
    return children(process)


def _run(address: str, path: str, process: int, seconds: int) -> dict[str, Any]:
    """Offer load for `seconds` after the warm-up; `cpu` is milliseconds of processor per 1,000 beacons of all."""
    warm_up, count = RATE * WARM_UP_SECONDS, RATE * (WARM_UP_SECONDS + seconds)
    before = cpu_seconds(process)
    *_, summary = offer(address, path, "FEW", count, rate=RATE, step=warm_up)
    return {**summary, "cpu": 1e6 * (cpu_seconds(process) - before) / count}


def _section(pairs: list[tuple[dict[str, Any], dict[str, Any]]], syncs: list[float], runs: int, seconds: int) -> str:
    bare, ours = zip(*pairs, strict=True)
    lateness = Spread.of([1000 * run["lateness_p99"] for run in (*bare, *ours)])
    return "\n".join(
        [
            f"## Latency at {RATE:,} beacons a second",
            "",
            f"One worker on core 0, the load on core 1 over {CONNECTIONS} kept connections: beacons at a constant rate,"
            " whatever the answers, and each latency from the moment that the beacon was due."
            f" {runs} runs of {seconds} s each in turn, after {WARM_UP_SECONDS} s of warm-up: median (lowest–highest)."
            " A bare fdatasync of 4 KiB on this disk, with nothing else to do, takes"
            f" {1000 * percentile(syncs, 50):,.0f} µs, at the 99th percentile {1000 * percentile(syncs, 99):,.0f} µs.",
            "",
            "| | p50 µs | p99 µs | p99.9 µs | longest µs | answers/s | errors | CPU ms per 1,000 |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
            _row("bare uvicorn", bare),
            _row("Footfall, after fdatasync", ours),
            "",
            f"The generator itself was late by {lateness} µs at the 99th percentile, which is part of the latencies.",
        ]
    )


def _row(name: str, measured: tuple[dict[str, Any], ...]) -> str:
    quantiles = [str(Spread.of([1000 * run[quantile] for run in measured])) for quantile in QUANTILES]
    rate, cpu = (Spread.of([run[figure] for run in measured]) for figure in ("rate", "cpu"))
    errors = sum(run["errors"] for run in measured)
    return f"| {name} | {' | '.join(quantiles)} | {rate} | {errors} | {cpu} |"
