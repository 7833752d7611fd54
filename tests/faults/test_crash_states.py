"""Every state that a power cut may leave behind: what was acknowledged is there once, and nothing is misread.

The real writer, fence and recovery run once, watched; what the disk may hold after each of their calls is enumerated,
and the real recovery and reader look at it. Recovery and reading treat each file by itself, so a file's content is
looked at once, and a state is the sum of its files; a sample of whole states shows that this holds.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import resource
import tempfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from aggregator.dead_segments import recover_dead
from aggregator.spool_reader import SpoolReader
from collector.segments import Segments
from schema.durable_files import settle_directory
from schema.fence import raise_fence
from schema.hit import Hit, Record
from schema.spool_format import FENCE_NAME, HEADER_BYTES
from support.crash_states import Disk
from support.disk_log import Call, disk_log
from support.hits import at, pageview
from support.spool_onlooker import FAR, Verdict

DAY, NEXT_DAY = date(2026, 3, 10), date(2026, 3, 11)
NOON = at("12:00")
MIXED_ORDERS = 150
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None


@pytest.fixture
def small_files() -> Iterator[Callable[[int], None]]:
    """Lets the system refuse to write files beyond a size: a real error, in the middle of a write."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def memory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=MEMORY) as directory:
        yield Path(directory)


numbers = itertools.count()


def hits(first: int, count: int, bytes_each: int = 1, day: date = DAY) -> list[Record]:
    return [
        pageview("12:00", visitor, "/" + "x" * bytes_each, day=day.isoformat())
        for visitor in range(first, first + count)
    ]


def work(log: list[Call], segments: Segments, first: int) -> None:
    """Create, append three times, seal, create on the next day, append, seal: with promises where they are made."""
    commits = (
        (DAY, hits(first, 1)),
        (DAY, hits(first + 1, 4, 3000)),
        (DAY, hits(first + 5, 3)),
        (NEXT_DAY, hits(first + 8, 2, 40, NEXT_DAY)),
    )
    for day, records in commits:
        segments.write(day, records)
        log += [Call("promise", promise=record.visitor) for record in records if isinstance(record, Hit)]
    segments.seal()


def logs_of(data: Path) -> list[list[Call]]:
    """What two workers and the aggregator's fence do, each for itself."""
    data.mkdir()
    logs = []
    for worker in range(2):
        with disk_log(data, numbers) as log:
            work(log, Segments(data / "spool", worker, 300, lambda: NOON), 100 * worker)
        logs.append(log)
    with disk_log(data, numbers) as log:
        settle_directory(data / "spool")
        for minute in (5, 10):
            raise_fence(data / "spool", NOON + minute)
            log.append(Call("promise", promise=("fence", NOON + minute)))
    return [*logs, log]


def orders(logs: list[list[Call]]) -> Iterator[list[Call]]:
    """Orders that the calls of all can have: one stalls after each of its calls until the rest is done; and mixed."""
    stalling, *others = logs
    rest = [call for log in others for call in log]
    for number in range(len(stalling)):
        unmade = {directory_of(call) for call in stalling[number:] if call.name == "mkdir"}
        possible = list(itertools.takewhile(lambda call: call.directory not in unmade, rest))  # noqa: B023 (at once)
        yield [*stalling[:number], *possible, *stalling[number:], *rest[len(possible) :]]
    for seed in range(MIXED_ORDERS):
        yield mixed(logs, random.Random(seed))


def mixed(logs: list[list[Call]], chance: random.Random) -> list[Call]:
    """All calls in an order by chance, but nothing in a directory before it is made."""
    order, rest = [], [list(log) for log in logs]
    unmade = {directory_of(call) for log in logs for call in log if call.name == "mkdir"}
    while any(rest):
        ready = [log for log in rest if log and log[0].directory not in unmade]
        order.append(chance.choice(ready).pop(0))
        if order[-1].name == "mkdir":
            unmade.remove(directory_of(order[-1]))
    return order


def directory_of(made: Call) -> str:
    return made.entry if made.directory == "." else f"{made.directory}/{made.entry}"


WRITTEN = {*range(10), *range(100, 110)}
FENCES = (0, NOON + 5, NOON + 10)


def test_in_every_crash_state_of_two_workers_and_the_fence_all_promises_are_kept(memory: Path) -> None:
    logs, verdict = logs_of(memory / "data"), Verdict(memory)
    for calls in orders(logs):
        assert verdict.first_loss(Disk(), calls, WRITTEN, FENCES) == ""
    assert len(verdict.seen) > 50_000


@pytest.mark.parametrize("torn_at", range(HEADER_BYTES, 4000, 250))
def test_in_every_crash_state_of_recovery_all_promises_are_kept(
    memory: Path, small_files: Callable[[int], None], torn_at: int
) -> None:
    """A worker's write is torn, the worker ends, its segment is recovered and counted; the power goes at any moment."""
    data = memory / "data"
    data.mkdir()
    with disk_log(data, numbers) as log:
        segments = Segments(data / "spool", 1, 300, lambda: NOON)
        small_files(torn_at)
        write_until_it_fails(segments, log)
        small_files(resource.RLIM_INFINITY)
        let_go(data)
        recover_dead(data / "spool", DAY, FAR)
        counted = [record for reading in SpoolReader(data / "spool").read(DAY) for record in reading.records]
        log += [Call("promise", promise=record.visitor) for record in counted if isinstance(record, Hit)]
    assert Verdict(memory).first_loss(Disk(), log, set(range(100))) == ""


def write_until_it_fails(segments: Segments, log: list[Call]) -> None:
    with contextlib.suppress(OSError):
        for visitor in itertools.count():
            segments.write(DAY, hits(visitor, 1, 700))
            log.append(Call("promise", promise=visitor))


def let_go(data: Path) -> None:
    """Close what this process has open below `data`, as its end would."""
    for descriptor in map(int, os.listdir("/proc/self/fd")):
        with contextlib.suppress(OSError):
            if Path(os.readlink(f"/proc/self/fd/{descriptor}")).is_relative_to(data):
                os.close(descriptor)


NOTHING = Call("")
SAFEGUARDS: dict[str, Callable[[Call, Call, Call], bool]] = {
    "the fdatasync of a commit": lambda before, call, after: call.name == "fdatasync",
    "the fsync of a header": lambda before, call, after: call.name == "fsync" and after.target.endswith(".open"),
    "the fsync of a seal": lambda before, call, after: call.name == "fsync" and after.target.endswith(".sealed"),
    "the fsync of the day's directory": lambda before, call, after: before.target.endswith(".open"),
    "the fsync of the spool's directory": lambda before, call, after: (
        call.directory == "spool" and call.name == "fsync directory" and before.target != FENCE_NAME
    ),
    "the fsync of the data directory": lambda before, call, after: (
        (call.name, call.directory) == ("fsync directory", ".")
    ),
    "the fsync for a directory that another worker made": lambda before, call, after: (
        call.name == "fsync directory" and before.name != "mkdir" and after.name in ("create", "fsync directory")
    ),
    "the fsync of a replaced file": lambda before, call, after: call.name == "fsync" and after.target == FENCE_NAME,
    "the fsync of a replaced file's directory": lambda before, call, after: before.target == FENCE_NAME,
}


@pytest.mark.parametrize("safeguard", SAFEGUARDS)
def test_without_any_one_safeguard_a_promise_is_broken(memory: Path, safeguard: str) -> None:
    is_it = SAFEGUARDS[safeguard]
    logs, verdict = logs_of(memory / "data"), Verdict(memory)
    weak = [without(is_it, log) for log in logs]
    assert sum(map(len, weak)) < sum(map(len, logs))
    assert any(verdict.first_loss(Disk(), calls, WRITTEN, FENCES) for calls in orders(weak))


def without(is_it: Callable[[Call, Call, Call], bool], log: list[Call]) -> list[Call]:
    """What a writer would do that leaves these calls out."""
    around = zip([NOTHING, *log], log, [*log[1:], NOTHING], strict=False)
    return [call for before, call, after in around if not is_it(before, call, after)]
