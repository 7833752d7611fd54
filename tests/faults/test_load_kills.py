"""kill -9 at every call that one load cycle makes on the disk: what follows counts everything, and nothing twice.

strace ends the process at the N-th call of a kind of its first thread, which does all that happens between spool and
archive, for every N that there is; and, by chance, at calls of the store's engine. Another process then goes on.
"""

from __future__ import annotations

import os
import pickle
import queue
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from aggregator.archive import Archive
from schema.rollups import BY_NAME
from support.counts import oracle_counts
from support.load_cycle import COUNTS, DAY, GO, READY, ZONES, prepare, records
from support.processes import wait_until

IS_NIGHTLY = os.environ.get("FOOTFALL_TEST_FAULTS") == "nightly"
MOST_POINTS = 10_000 if IS_NIGHTLY else 10  # of those between spool and archive: all of them, or so many evenly spread
STORE_KILLS = 200 if IS_NIGHTLY else 4
AT_ONCE = 2
CHANGES = "/^(p?writev?2?|pwrite64|fsync|fdatasync|rename.*|openat|mkdir.*|ftruncate|unlink.*|rmdir)$"
IN_STORE = ("openat", "write", "fdatasync", "mkdir", "rename")
pytestmark = pytest.mark.timeout(7200 if IS_NIGHTLY else 600)
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None

Point = tuple[str, int]  # the how-manieth call of this name


@pytest.fixture
def memory() -> Iterator[Path]:
    """A directory in memory: what a killed process wrote is there all the same, and nothing waits for a disk."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as directory:
        yield Path(directory)


class Cycles:
    """Lets `support.load_cycle` run, a few at once, under strace or not."""

    def __init__(self, strace: str, memory: Path) -> None:
        self._strace = strace
        self._memory = memory
        self._idle: queue.Queue[subprocess.Popen[str]] = queue.Queue()
        for _ in range(AT_ONCE):
            self._idle.put(_starter())

    def close(self) -> None:
        for _ in range(AT_ONCE):
            starter = self._idle.get()
            starter.kill()
            starter.communicate()

    def data_dir(self, name: str) -> Path:
        """A directory with segments to count."""
        directory = self._memory / name
        directory.mkdir()
        prepare(directory)
        os.mkfifo(directory / GO)
        return directory

    def run(self, data_dir: Path, *options: str) -> int:
        """Run on `data_dir`, under strace if it has options; return the exit code, negative for a signal."""
        starter = self._idle.get()
        try:
            (data_dir / READY).unlink(missing_ok=True)
            _say(starter, str(data_dir))
            wait_until(lambda: (data_dir / READY).exists() and (data_dir / READY).read_text(), 60, "the store is open")
            process = (data_dir / READY).read_text()
            with self._watched(data_dir, process, options):
                (data_dir / GO).write_bytes(b"!")
                assert starter.stdout is not None
                return int(starter.stdout.readline())
        finally:
            self._idle.put(starter)

    @contextmanager
    def _watched(self, data_dir: Path, process: str, options: tuple[str, ...]) -> Iterator[None]:
        if not options:
            yield
            return
        said = data_dir / "strace"
        command = [self._strace, "-y", "-s", "0", "-o", str(data_dir / "log"), *options, "-p", process]
        with said.open("wb") as output:
            tracer = subprocess.Popen(command, stderr=output)
        try:
            wait_until(lambda: b"attached" in said.read_bytes() or tracer.poll() is not None, 30, "strace is attached")
            yield
            tracer.wait(30)
        finally:
            tracer.kill()
            tracer.wait()


def _starter() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "support.load_cycle"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def _say(starter: subprocess.Popen[str], line: str) -> None:
    assert starter.stdin is not None
    starter.stdin.write(f"{line}\n")
    starter.stdin.flush()


@pytest.fixture
def cycles(strace: str, memory: Path) -> Iterator[Cycles]:
    running = Cycles(strace, memory)
    yield running
    running.close()


def assert_whole(data_dir: Path) -> None:
    """Everything is counted once, nothing was reported, the day is closed, nothing is left over."""
    counts, problems = pickle.loads((data_dir / COUNTS).read_bytes())
    assert counts == oracle_counts(records(), ZONES)
    assert problems == {}
    assert [path.name for path in (data_dir / "spool").iterdir()] == ["fence"]
    assert rows_in_archive(data_dir) == {name: len(rows) for name, rows in counts.items()}
    assert {path.name.partition(".")[0] for path in (data_dir / "archive" / DAY.isoformat()).iterdir()} == {"day"}


def rows_in_archive(data_dir: Path) -> dict[str, int]:
    """How many different keys each table has there: its files match their checksums, and no batch is in two of them."""
    archive = Archive(data_dir / "archive", 1)
    (manifest,), problems = archive.manifests(DAY)
    assert problems == []
    tables = {name: archive.read(manifest, name) for name in manifest.tables}
    return {name: len(table.group_by(list(BY_NAME[name].key_names)).aggregate([])) for name, table in tables.items()}


def points_of(log: str) -> list[Point]:
    """The calls that changed anything in spool or archive, each by name and number, in their order."""
    numbers, points = Counter[str](), []
    for line in log.splitlines():
        name = line.partition("(")[0]
        numbers[name] += 1
        if re.search(r"/(spool|archive)[/>\"]", line) and (name != "openat" or "O_CREAT" in line):
            points.append((name, numbers[name]))
    return points


def evenly(points: list[Point], most: int) -> list[Point]:
    step = max(1.0, len(points) / most)
    return [points[int(number * step)] for number in range(min(len(points), most))]


def kill_and_go_on(cycles: Cycles, name: str, point: Point, *options: str) -> str:
    """End a cycle at a point, let another process go on, and return the log's last line but one."""
    data_dir = cycles.data_dir(name)
    injection = ["-e", f"trace={CHANGES}", "-e", f"inject={point[0]}:signal=KILL:when={point[1]}"]
    code = cycles.run(data_dir, *options, *injection)
    assert code in (0, -signal.SIGKILL)
    assert cycles.run(data_dir) == 0
    assert_whole(data_dir)
    log = (data_dir / "log").read_text()
    shutil.rmtree(data_dir)
    return log if code else ""


def test_a_cycle_killed_at_any_call_between_spool_and_archive_is_made_good_by_the_next(
    cycles: Cycles, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = cycles.data_dir("whole")
    assert cycles.run(whole, "-e", f"trace={CHANGES}") == 0
    assert_whole(whole)
    points = points_of((whole / "log").read_text())
    chosen = evenly(points, MOST_POINTS)
    assert {name for name, _ in points} == {
        "openat",
        "write",
        "fsync",
        "rename",
        "mkdir",
        "unlink",
        "unlinkat",
        "rmdir",
    }

    def kill(number: int) -> None:
        log = kill_and_go_on(cycles, f"point-{number}", chosen[number])
        assert points_of(log)[-1] == chosen[number]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(kill, range(len(chosen))))
    with capsys.disabled():
        print(f"\nkilled at {len(chosen)} of {len(points)} calls between spool and archive")


def test_a_cycle_killed_while_the_store_inserts_is_made_good_by_the_next(
    cycles: Cycles, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, chance, landed = cycles.data_dir("whole"), random.Random(7), Counter[str]()
    assert cycles.run(whole, "-f", "-e", f"trace={CHANGES}") == 0
    most = calls_per_thread((whole / "log").read_text())

    def kill(number: int) -> None:
        name = IN_STORE[number % len(IN_STORE)]
        log = kill_and_go_on(cycles, f"store-{number}", (name, chance.randint(1, most[name])), "-f")
        landed[name if log else "after the end"] += 1

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(kill, range(STORE_KILLS)))
    with capsys.disabled():
        print(f"\nkilled {STORE_KILLS} times in the store's engine: {dict(landed)}")
    assert landed.total() - landed["after the end"] > STORE_KILLS // 2


def test_whatever_a_step_relies_on_is_on_stable_storage_before_it(cycles: Cycles) -> None:
    """A kill cannot show this: what was written is there all the same. A power cut can, and this is cheaper."""
    whole = cycles.data_dir("whole")
    assert cycles.run(whole, "-f", "-e", f"trace={CHANGES}") == 0
    order = Order()
    for line in (whole / "log").read_text().splitlines():
        order.add(line.partition(" ")[2].strip())
    assert order.inserts > 10
    assert len(order.manifests) > 5
    assert order.deleted > 0


class Order:
    """Follows the calls of a cycle; whatever comes too early is an AssertionError."""

    def __init__(self) -> None:
        self.inserts = self.deleted = 0
        self.manifests: set[str] = set()  # by the start of their files' names
        self._unsynced: set[str] = set()  # files, and directories with a new entry

    def add(self, call: str) -> None:
        name, paths = call.partition("(")[0], re.findall(r'[<"]([^<>"]*/(?:spool|archive)[^<>"]*)[>"]', call)
        if "tmp_insert_2026" in call and name.startswith("rename"):
            self.inserts += 1
            assert self.manifests
            assert not self._unsynced, call
        elif name == "write" and paths:
            self._unsynced.add(paths[0])
        elif name in ("fsync", "fdatasync") and paths:
            self._unsynced.discard(paths[0])
        elif name == "rename" and paths:
            self._rename(*paths)
        elif name == "unlinkat" and "sealed" in call:
            self.deleted += 1
            assert "day" in self.manifests
            assert not self._unsynced, call

    def _rename(self, source: str, target: str) -> None:
        assert source not in self._unsynced, source
        directory, _, entry = target.rpartition("/")
        stem = entry.partition(".")[0]
        if "/archive/" in target and entry.endswith(".json"):
            assert not self._unsynced, target
            self.manifests.add(stem)
        elif "/archive/" in target:
            assert stem not in self.manifests, target
        self._unsynced.add(directory)


def calls_per_thread(log: str) -> dict[str, int]:
    """Of each name: half as many calls as the thread of the engine made that made most, or one."""
    calls: dict[str, Counter[Any]] = defaultdict(Counter)
    for line in log.splitlines():
        thread, _, call = line.partition(" ")
        if "/warehouse/" in call:
            calls[call.strip().partition("(")[0]][thread] += 1
    return {name: max(1, max(calls[name].values(), default=0) // 2) for name in IN_STORE}
