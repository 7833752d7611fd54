"""Does a worker grow, over millions of beacons from many thousands of addresses and user agents?"""

from __future__ import annotations

import math
import tempfile
from typing import Any

from benchmarks.beacons import MANY
from benchmarks.latency import wait_for_children
from benchmarks.load import offer
from benchmarks.measure import is_listening, program, pss_megabytes, wait_until, worker_settings

COLLECTOR = "127.0.0.1:18007"
STEP = 100_000
FLAT_MEGABYTES = 10


def measure(count: int) -> str:
    """Send `count` beacons as fast as they are answered, weigh the worker all the while; a section of the report."""
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as directory:
        settings = worker_settings(directory, COLLECTOR)
        with program("-m", "footfall", "collect", core=0, **settings) as collector:
            wait_until(lambda: is_listening(COLLECTOR))
            (worker,) = wait_for_children(collector.pid, 1)
            wait_until(lambda: pss_megabytes(worker) > 0)
            step = min(STEP, count // 4)
            sizes = {0: pss_megabytes(worker)}
            for said in offer(COLLECTOR, "/api/event", "MANY", count, rate=math.inf, step=step):
                sizes[said["answered"]] = pss_megabytes(worker)
                print(f"{said['answered']:,} beacons: {sizes[said['answered']]:.1f} MB", flush=True)
    return _section(sizes, step, said)


def _section(sizes: dict[int, float], step: int, summary: dict[str, Any]) -> str:
    warm_up = 2 * step
    weighed = [megabytes for answered, megabytes in sizes.items() if answered >= warm_up]
    first, last, low, high = weighed[0], weighed[-1], min(weighed), max(weighed)
    verdict = "stays" if max(high - first, first - low) <= FLAT_MEGABYTES else "does **not** stay"
    return "\n".join(
        [
            "## Memory of a worker under load",
            "",
            f"{max(sizes):,} beacons from {MANY.addresses:,} addresses with {MANY.user_agents:,} user agents, nine of"
            f" ten with one of {MANY.common_user_agents}, on {MANY.pages:,} pages, as fast as they are answered"
            f" ({summary['rate']:,.0f}/s, {summary['errors']} errors): proportional set size of the one worker, every"
            f" {step:,} beacons.",
            "",
            f"| at its start | after {warm_up:,} | at the end | lowest | highest |",
            "| ---: | ---: | ---: | ---: | ---: |",
            f"| {sizes[0]:,.1f} MB | {first:,.1f} MB | {last:,.1f} MB | {low:,.1f} MB | {high:,.1f} MB |",
            "",
            f"From {warm_up:,} beacons on it {verdict} within {FLAT_MEGABYTES} MB.",
        ]
    )
