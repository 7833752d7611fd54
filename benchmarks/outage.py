"""After hours without a store: how much faster than hits arrive is what waits loaded, and does a worker notice?"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aggregator.archive import Archive
from aggregator.intake import GRACE_MS, Intake
from aggregator.loader import Loader, LoadReport
from aggregator.local_time import LocalTime
from aggregator.manifest import Manifest
from benchmarks.busy_day import DAY, BusyDay, burst, write
from benchmarks.latency import wait_for_children
from benchmarks.load import offer
from benchmarks.measure import is_listening, program, wait_until, worker_settings
from schema import migrate
from schema.batch import WINDOW_MS, day_start_ms
from schema.spool_format import day_directory
from schema.store_embedded import EmbeddedStore

COLLECTOR = "127.0.0.1:18008"
ARRIVING, BEACONS = 2_000, 500  # hits a second in the outage; beacons a second to a worker meanwhile
_STEP_SECONDS = 5
_START = day_start_ms(DAY) + 9 * 3600 * 1000


def measure(minutes: int) -> str:
    """Let hits arrive for `minutes` without a store, then load, with and without; return a section of the report."""
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as directory:
        settings = worker_settings(f"{directory}/collector", COLLECTOR)
        with program("-m", "footfall", "collect", core=0, **settings) as collector:
            wait_until(lambda: is_listening(COLLECTOR))
            wait_for_children(collector.pid, 1)
            alone = _offer(15)
            drained, beside = _beside(lambda: _child(Path(directory), minutes))
    return _section(minutes, drained, alone, beside)


def drain(directory: Path, minutes: int) -> dict[str, float]:
    """Fill an archive with the batches of an outage, then load them. To be called once in a process."""
    archive = Archive(directory / "archive", 1)
    waiting = _outage(directory / "spool", archive, minutes)
    store = EmbeddedStore(directory / "warehouse")
    migrate.apply(store)
    wall, cpu = time.perf_counter(), time.process_time()
    report = LoadReport()
    Loader(archive, store).load(waiting, report)
    found = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "rows": report.inserted_rows}
    store.close()
    return found


def _outage(spool: Path, archive: Archive, minutes: int) -> list[Manifest]:
    """Archive what arrives; an hour's windows more, so that all visits close."""
    (spool / day_directory(DAY)).mkdir(parents=True)
    intake, day = Intake(spool, archive, LocalTime({})), BusyDay(5_000_000, 600_000)
    hits = ARRIVING * _STEP_SECONDS
    for step, begun_at in enumerate(range(_START, _START + minutes * 60_000, _STEP_SECONDS * 1000)):
        write(spool / day_directory(DAY), begun_at, burst(begun_at, hits, day, first=step * hits))
    waiting: list[Manifest] = []
    for end in range(_START, _START + (minutes + 60) * 60_000, WINDOW_MS):
        intake.raise_fence(end + GRACE_MS)
        waiting += intake.take().archived
    return waiting


def _beside(work: Callable[[], dict[str, float]]) -> tuple[dict[str, float], dict[str, Any]]:
    """Do `work`; offer beacons as long as it takes."""
    found: list[dict[str, float]] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    answers = [_offer(10)]
    while thread.is_alive():
        answers.append(_offer(10))
    thread.join()
    return found[0], answers[-1] if len(answers) < 3 else answers[-2]  # the last whole one: that of the loading


def _offer(seconds: int) -> dict[str, Any]:
    *_, summary = offer(COLLECTOR, "/api/event", "FEW", BEACONS * seconds, rate=BEACONS, step=BEACONS)
    return summary


def _child(directory: Path, minutes: int) -> dict[str, float]:
    command = ["taskset", "-c", "1", sys.executable, "-m", "benchmarks.outage", str(directory), str(minutes)]
    found: dict[str, float] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return found


def _section(minutes: int, drained: dict[str, float], alone: dict[str, Any], beside: dict[str, Any]) -> str:
    rows = [
        f"| {name} | {1000 * run['p50']:,.0f} | {1000 * run['p99']:,.0f} | {run['rate']:,.0f} | {run['errors']} |"
        for name, run in (("alone", alone), ("beside the loading", beside))
    ]
    return "\n".join(
        [
            "## Catching up after an outage of the store",
            "",
            f"{minutes} minutes of {ARRIVING:,} hits a second were archived while there was no store, which gave"
            f" {drained['rows']:,.0f} rows. Loading them, with the checks before and after each insert, took"
            f" {drained['wall']:.1f} s ({drained['cpu']:.1f} s of CPU): {60 * minutes / drained['wall']:,.0f} times as"
            " fast as they came.",
            "",
            f"Meanwhile a worker on the other core had {BEACONS} beacons a second:",
            "",
            "| | p50 µs | p99 µs | answers/s | errors |",
            "| --- | ---: | ---: | ---: | ---: |",
            *rows,
        ]
    )


if __name__ == "__main__":
    print(json.dumps(drain(Path(sys.argv[1]), int(sys.argv[2]))))
