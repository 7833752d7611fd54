"""How many beacons a second does one worker acknowledge, durably, next to a bare uvicorn answer in the same run?"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

from benchmarks.measure import Spread, is_listening, program, wait_until, worker_settings, wrk

BARE, COLLECTOR = "127.0.0.1:18001", "127.0.0.1:18002"
SCRIPT = Path(__file__).with_name("beacons.lua")


def measure(runs: int, seconds: int) -> str:
    """Alternate between the two, `runs` times `seconds` each, and return a section of the report."""
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as directory:
        settings = worker_settings(directory, COLLECTOR)
        with (
            program("-m", "benchmarks.bare", BARE.rpartition(":")[2], core=0),
            program("-m", "footfall", "collect", core=0, **settings),
        ):
            for address in (BARE, COLLECTOR):
                wait_until(partial(is_listening, address))
            wrk(BARE, "/", SCRIPT, seconds=2)
            wrk(COLLECTOR, "/api/event", SCRIPT, seconds=2)
            pairs = [
                (wrk(BARE, "/", SCRIPT, seconds=seconds), wrk(COLLECTOR, "/api/event", SCRIPT, seconds=seconds))
                for _ in range(runs)
            ]
    return _section(pairs, runs, seconds)


def _section(pairs: list[tuple[dict[str, float], dict[str, float]]], runs: int, seconds: int) -> str:
    bare, ours = zip(*pairs, strict=True)
    ratio = Spread.of([100 * collector["rate"] / yardstick["rate"] for yardstick, collector in pairs])
    rows = [
        f"| {name} | {Spread.of([run['rate'] for run in measured])} | "
        f"{Spread.of([1000 * run['p50'] for run in measured])} | {Spread.of([1000 * run['p99'] for run in measured])} |"
        for name, measured in (("bare uvicorn", bare), ("Footfall, after fdatasync", ours))
    ]
    return "\n".join(
        [
            "## Acknowledged beacons per second",
            "",
            f"One worker on core 0, wrk with 128 keep-alive connections on core 1, {runs} runs of {seconds} s each in"
            " turn: median (lowest–highest). The bare application reads the body and answers 202.",
            "",
            "| | answers/s | p50 µs | p99 µs |",
            "| --- | ---: | ---: | ---: |",
            *rows,
            "",
            f"Footfall reaches **{ratio} %** of the bare answer.",
        ]
    )
