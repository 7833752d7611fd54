import asyncio
import json
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from collector import spool_writer
from collector.clock import Clock
from collector.spool_writer import SpoolWriter
from schema.batch import DAY_MS
from schema.errors import SpoolUnavailableError
from schema.fence import raise_fence
from schema.hit import Record, RejectedHit, Rejection, decode_records
from schema.settings import SpoolSettings
from schema.spool_format import FENCE_NAME, OPEN, SEALED, decode_header, is_sealed, scan_frames
from support.hits import at, pageview
from support.processes import wait_until

NOON = at("12:00")
Make = Callable[..., SpoolWriter]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes writers of the spool `tmp_path`, and closes them."""
    writers = []

    def make(
        clock: Callable[[], int] = lambda: NOON, on_failure: Callable[[], None] = lambda: None, **settings: Any
    ) -> SpoolWriter:
        options = SpoolSettings(**{"segment_seconds": 300, "min_free_bytes": 0, **settings})
        writers.append(SpoolWriter(options, tmp_path, 1, clock, on_failure))
        return writers[-1]

    yield make
    for writer in writers:
        writer.close()


@pytest.fixture
def small_files() -> Iterator[Callable[[int], None]]:
    """Lets the system refuse to write files beyond a size: a real error, in the middle of a write."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def read(spool: Path, suffix: str = "") -> list[Record]:
    records: list[Record] = []
    for path in sorted(spool.glob(f"2*/*{suffix}")):
        content = path.read_bytes()
        for payload in scan_frames(content, decode_header(content).segment_id).payloads:
            records += decode_records(payload)
    return records


def append(writer: SpoolWriter, *records: Record) -> None:
    asyncio.run(writer.append(records))


def test_what_append_has_returned_for_is_in_the_file(make: Make, tmp_path: Path) -> None:
    writer = make()
    append(writer, pageview("12:00"), RejectedHit("", NOON, Rejection.MALFORMED))
    assert read(tmp_path, OPEN) == [pageview("12:00"), RejectedHit("", NOON, Rejection.MALFORMED)]


def test_close_commits_what_waits_and_seals(make: Make, tmp_path: Path) -> None:
    writer = make()
    append(writer, pageview("12:00"))
    writer.close()
    assert read(tmp_path, SEALED) == [pageview("12:00")]
    assert not list(tmp_path.rglob(f"*{OPEN}"))
    writer.close()


def test_concurrent_hits_are_committed_together(make: Make, tmp_path: Path) -> None:
    writer = make()

    async def append_many() -> None:
        await asyncio.gather(*(writer.append([pageview("12:00", visitor)]) for visitor in range(500)))

    asyncio.run(append_many())
    (path,) = tmp_path.rglob(f"*{OPEN}")
    content = path.read_bytes()
    assert len(scan_frames(content, decode_header(content).segment_id).payloads) < 100
    assert sorted(record.visitor for record in read(tmp_path)) == list(range(500))  # type: ignore[union-attr]


def test_an_idle_segment_is_sealed_in_time(make: Make, tmp_path: Path) -> None:
    writer = make(segment_seconds=0.2)
    append(writer, pageview("12:00"))
    wait_until(lambda: list(tmp_path.rglob(f"*{SEALED}")), 10, "the segment is sealed")
    append(writer, pageview("12:00"))
    assert len(list(tmp_path.rglob("*.*"))) == 2


def test_a_segment_is_sealed_at_midnight(make: Make, tmp_path: Path) -> None:
    ahead = at("23:59:59.800") - time.monotonic_ns() // 1_000_000
    writer = make(clock=lambda: ahead + time.monotonic_ns() // 1_000_000)
    append(writer, pageview("23:59:59.800"))
    wait_until(lambda: list(tmp_path.rglob(f"*{SEALED}")), 10, "the segment is sealed")


def test_hits_around_midnight_go_into_two_days(make: Make, tmp_path: Path) -> None:
    writer = make()
    tomorrow = at("00:00") + DAY_MS

    async def append_both() -> None:
        await asyncio.gather(*(writer.append([pageview("12:00", at=tomorrow + shift)]) for shift in (-2, -1, 0, 1)))

    asyncio.run(append_both())
    writer.close()
    assert {path.parent.name: is_sealed(path.read_bytes()) for path in tmp_path.glob("*/*")} == {
        "2026-03-10": True,
        "2026-03-11": True,
    }


def test_a_hit_behind_the_fence_is_moved_or_refused(make: Make, tmp_path: Path) -> None:
    raise_fence(tmp_path, at("12:05"))
    writer = make()
    append(writer, pageview("12:00"))
    assert read(tmp_path)[0].at == at("12:05")
    with pytest.raises(SpoolUnavailableError, match="aggregated"):
        append(writer, pageview("12:00", at=at("12:00") - DAY_MS))
    append(writer, pageview("12:06"))
    assert writer.failure == ""


@pytest.mark.parametrize("settings", [{"max_bytes": 1}, {"min_free_bytes": 2**60}])
def test_a_spool_without_room_refuses_and_stays_whole(make: Make, tmp_path: Path, settings: dict[str, int]) -> None:
    (tmp_path / FENCE_NAME).write_bytes(bytes(8))
    writer = make(**settings)
    with pytest.raises(SpoolUnavailableError, match="spool"):
        append(writer, pageview("12:00"))
    assert writer.problem()
    assert writer.failure == ""
    assert read(tmp_path) == []


@pytest.mark.parametrize(("limit", "value"), [("MAX_QUEUED_RECORDS", 2), ("MAX_QUEUED_BYTES", 600)])
def test_a_queue_that_is_full_refuses_at_once(
    make: Make, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(spool_writer, limit, value)
    writer = make()
    with pytest.raises(SpoolUnavailableError, match="memory"):
        append(writer, *(pageview("12:00") for _ in range(3)))
    append(writer, pageview("12:00"))


def test_a_writer_that_is_closed_refuses(make: Make) -> None:
    writer = make()
    writer.close()
    with pytest.raises(SpoolUnavailableError, match="closing"):
        append(writer, pageview("12:00"))


def test_nothing_but_hits_and_rejections_is_taken(make: Make, beacon_of: Callable[..., Any]) -> None:
    beacon = beacon_of({"n": "pageview", "u": "https://example.com/"})
    with pytest.raises(TypeError):
        append(make(), beacon)


def test_a_caller_that_gives_up_harms_nobody(make: Make, tmp_path: Path) -> None:
    writer = make()

    async def give_up_one() -> None:
        waiting = [asyncio.ensure_future(writer.append([pageview("12:00", visitor)])) for visitor in range(3)]
        await asyncio.sleep(0)
        waiting[1].cancel()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(result) for result in results] == [type(None), asyncio.CancelledError, type(None)]

    asyncio.run(give_up_one())
    assert len(read(tmp_path)) == 3


def test_after_a_failed_write_the_file_is_never_touched_again(
    make: Make, tmp_path: Path, small_files: Callable[[int], None]
) -> None:
    failed = threading.Event()
    writer = make(on_failure=failed.set)
    append(writer, pageview("12:00", path="/acknowledged"))
    (path,) = tmp_path.rglob(f"*{OPEN}")
    small_files(path.stat().st_size + 100)
    with pytest.raises(SpoolUnavailableError):
        append(writer, pageview("12:00", path="/" + "x" * 500))
    assert failed.wait(10)
    torn = path.read_bytes()
    assert len(torn) == resource.getrlimit(resource.RLIMIT_FSIZE)[0]  # the write came half-way
    small_files(resource.RLIM_INFINITY)
    with pytest.raises(SpoolUnavailableError):
        append(writer, pageview("12:00"))
    writer.close()
    assert path.read_bytes() == torn
    assert writer.failure
    assert writer.problem() == writer.failure
    scan = scan_frames(torn, decode_header(torn).segment_id)
    assert [record.path for payload in scan.payloads for record in decode_records(payload)] == ["/acknowledged"]  # type: ignore[union-attr]
    assert scan.torn_bytes == 100


def test_all_who_wait_for_a_failed_write_are_told(
    make: Make, tmp_path: Path, small_files: Callable[[int], None]
) -> None:
    writer = make()
    append(writer, pageview("12:00"))
    (path,) = tmp_path.rglob(f"*{OPEN}")
    small_files(path.stat().st_size + 10)

    async def append_many() -> list[BaseException | None]:
        return await asyncio.gather(
            *(writer.append([pageview("12:00", visitor)]) for visitor in range(50)), return_exceptions=True
        )

    assert {type(result) for result in asyncio.run(append_many())} == {SpoolUnavailableError}
    small_files(resource.RLIM_INFINITY)
    assert len(read(tmp_path)) == 1


def test_a_segment_that_cannot_be_created_is_a_failure(make: Make, tmp_path: Path) -> None:
    writer = make()
    (tmp_path / "2026-03-10").write_text("a file where the day's directory should be")
    with pytest.raises(SpoolUnavailableError):
        append(writer, pageview("12:00"))
    assert writer.failure


APPENDER = """
import asyncio, sys
from pathlib import Path
from collector.clock import Clock
from collector.spool_writer import SpoolWriter
from schema.hit import Hit, Kind
from schema.settings import SpoolSettings

async def append_for_ever(worker: int) -> None:
    number = worker
    while True:
        hit = Hit("example.com", clock(), number, Kind.PAGEVIEW, "example.com", "/")
        await writer.append([hit])
        sys.stdout.write(f"{number}\\n")
        sys.stdout.flush()
        number += 8

async def main() -> None:
    await asyncio.gather(*(append_for_ever(worker) for worker in range(8)))

clock = Clock()
writer = SpoolWriter(SpoolSettings(segment_seconds=0.05, min_free_bytes=0), Path(sys.argv[1]), 1, clock)
asyncio.run(main())
"""


def test_whatever_a_killed_worker_acknowledged_is_there_once(tmp_path: Path) -> None:
    chance = random.Random(7)
    for number in range(3):
        spool, said = tmp_path / str(number), tmp_path / f"{number}.out"
        with said.open("wb") as output:
            process = subprocess.Popen([sys.executable, "-c", APPENDER, str(spool)], stdout=output)
        try:
            enough = chance.randrange(100, 1000)
            wait_until(lambda said=said, enough=enough: said.read_bytes().count(b"\n") > enough, 30, "it has begun")
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        acknowledged = [json.loads(line) for line in said.read_text().splitlines(keepends=True) if line.endswith("\n")]
        found = [record.visitor for record in read(spool)]  # type: ignore[union-attr]
        assert set(acknowledged) <= set(found)
        assert len(found) == len(set(found))


def test_a_real_clock_and_real_seconds_work_together(tmp_path: Path) -> None:
    clock = Clock()
    writer = SpoolWriter(SpoolSettings(segment_seconds=1, min_free_bytes=0), tmp_path, 1, clock)
    append(writer, pageview("12:00", at=clock()))
    writer.close()
    assert len(read(tmp_path, SEALED)) == 1
