"""How many hits a second go from sealed segments to archived batches, in how much memory, and what one roll costs?"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aggregator.archive import Archive
from aggregator.compaction import compact_day
from aggregator.intake import GRACE_MS, Intake
from aggregator.local_time import LocalTime
from benchmarks.busy_day import DAY, SEGMENT_MS, BusyDay, burst, write
from benchmarks.measure import Spread
from schema.batch import DAY_MS, WINDOW_MS, day_start_ms
from schema.spool_format import day_directory

MODES = {
    "as it comes": "five minutes at a time, as a day goes",
    "at once": "all of the day at once, as after a restart at its end",
}
_ROLL_HITS, _LATE = 10_000, 22 * 3600 * 1000
_START = day_start_ms(DAY)

Figures = dict[str, float]


def measure(runs: int, hits: int) -> str:
    """Make a day of `hits` hits, archive it `runs` times each way on one core; return a section of the report."""
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as directory:
        made = Path(directory) / "made"
        make(made, hits)
        found = {mode: [_child(made, mode, hits) for _ in range(runs)] for mode in (*MODES, "roll")}
    return _section(found, hits)


def make(made: Path, hits: int) -> None:
    """Write the segments of the day into `made`."""
    made.mkdir()
    for begun_at, content in _day(hits).segments():
        write(made, begun_at, content)


def run(made: Path, mode: str, hits: int) -> Figures:
    """Take a made day in; return what that cost. To be called once in a process."""
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as directory:
        rig = _Rig(Path(directory), made)
        if mode == "roll":
            return rig.roll(hits)
        return rig.whole_day(5 * 60_000 if mode == "as it comes" else DAY_MS)


class _Rig:
    """An intake with a spool and an archive of its own, and the time that its work took."""

    def __init__(self, directory: Path, made: Path) -> None:
        self._archive = Archive(directory / "archive", 1)
        self._spool = directory / "spool"
        self._day = self._spool / day_directory(DAY)
        self._day.mkdir(parents=True)
        self._intake = Intake(self._spool, self._archive, LocalTime({}))
        self._waiting = sorted(made.iterdir(), reverse=True)
        self.wall = self.cpu = 0.0
        self._base = _peak_bytes()

    def whole_day(self, step_ms: int) -> Figures:
        """Let the day pass, a step at a time."""
        records = sum(self._step(end) for end in range(step_ms, DAY_MS + 1, step_ms))
        parts = sum(path.stat().st_size for path in self._archive.directory(DAY).iterdir())
        rate, wall_rate, cpu = records / self.cpu, records / self.wall, self.cpu
        with self._timed():
            views = self._pageviews()
        whole = sum(path.stat().st_size for path in self._archive.directory(DAY).iterdir())
        return {
            "rate": rate,
            "wall_rate": wall_rate,
            "cpu": cpu,
            "closing": self.cpu - cpu,
            "peak": _peak_bytes(),
            "parts_bytes": parts / views,
            "day_bytes": whole / views,
        }

    def roll(self, hits: int) -> Figures:
        """Let all of the day's traffic come by late evening; return the cost of a few more seconds of it."""
        for end in range(WINDOW_MS, _LATE + 1, WINDOW_MS):
            self._step(end)
        self._link(DAY_MS)  # the traffic of the last two hours, early: before the first window not cut
        self._intake.take()
        figures = {"resident": float(_resident_bytes())}
        for name, end in (("roll", 0), ("cut", WINDOW_MS)):
            begun_at = _START + _LATE + end + 1  # so that no segment of the day has the same name
            path = write(self._day, begun_at, burst(begun_at, _ROLL_HITS, _day(hits)))
            self.wall = self.cpu = 0.0
            self._take(_START + _LATE + end)
            figures[name] = self.cpu
            path.unlink()
        with self._timed():
            start = self.cpu
            self._intake.live()
        return figures | {"live": self.cpu - start}

    def _step(self, end: int) -> int:
        """Let the traffic before `end` come, and the windows before it pass."""
        self._link(end)
        return self._take(_START + end)

    def _link(self, end: int) -> None:
        while self._waiting and int(self._waiting[-1].name.partition("-")[0]) < _START + end:
            path = self._waiting.pop()
            (self._day / path.name).hardlink_to(path)

    def _take(self, now_ms: int) -> int:
        with self._timed():
            self._intake.raise_fence(now_ms + GRACE_MS)
            taken = self._intake.take()
        if taken.problems:
            raise RuntimeError(f"{len(taken.problems)} problems, the first: {taken.problems[0]}")
        return taken.records

    @contextmanager
    def _timed(self) -> Iterator[None]:
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall += time.perf_counter() - wall
        self.cpu += time.process_time() - cpu

    def _pageviews(self) -> int:
        manifest = compact_day(self._archive, DAY)
        assert manifest
        return sum(chunk.sums["pageviews"] for chunk in manifest.tables["pageviews"].chunks)


def _day(hits: int) -> BusyDay:
    return BusyDay(hits, max(1, hits * 3 // 25))


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def _child(made: Path, mode: str, hits: int) -> Figures:
    command = ["taskset", "-c", "1", sys.executable, "-m", "benchmarks.aggregate", str(made), mode, str(hits)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    print(f"{mode}: {printed}", end="", flush=True)
    found: Figures = json.loads(printed)
    return found


def _section(found: dict[str, list[Figures]], hits: int) -> str:
    def spread(mode: str, name: str, unit: float = 1.0) -> Spread:
        return Spread.of([figures[name] / unit for figures in found[mode]])

    rows = [
        f"| {MODES[mode]} | {spread(mode, 'rate')} | {spread(mode, 'wall_rate')} | {spread(mode, 'closing')} |"
        f" {spread(mode, 'peak', 1e6)} |"
        f" {spread(mode, 'parts_bytes').median:.1f} | {spread(mode, 'day_bytes').median:.1f} |"
        for mode in MODES
    ]
    costs = ", ".join(f"{name} {spread('roll', key, 0.001)} ms" for name, key in _COSTS.items())
    return "\n".join(
        [
            "## From sealed segments to archived batches",
            "",
            f"A day of {hits:,} hits of {_day(hits).visitors:,} visitors on {_day(hits).pages:,} pages and 3 sites, in"
            f" segments of {SEGMENT_MS // 1000} s, on one core, {len(found['roll'])} runs in processes of their own:"
            " median (lowest–highest). The archive is on disk, with every fsync; no store.",
            "",
            "| the day comes | hits/s of CPU | hits/s | closing, s of CPU | peak MB, closing included |"
            " archive bytes per pageview, in windows | compacted |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
            *rows,
            "",
            f"With all these hits in the day, {_ROLL_HITS:,} more, which is five seconds at 2,000 hits/s, cost, in CPU:"
            f" {costs}. The process is then {spread('roll', 'resident', 1e6)} MB.",
        ]
    )


_COSTS = {"without a window to cut": "roll", "with one": "cut", "the live snapshot's counts": "live"}

if __name__ == "__main__":
    print(json.dumps(run(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))))
