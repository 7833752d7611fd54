"""The spool under faults: a disk that fails at any call, in the middle of a write; a worker that is killed."""

import asyncio
import contextlib
import errno
import itertools
import json
import os
import random
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.spool_writer import SpoolWriter
from schema.batch import DAY_MS
from schema.errors import SpoolUnavailableError
from schema.hit import Record, decode_records
from schema.settings import SpoolSettings
from schema.spool_format import OPEN, decode_header, scan_frames
from support.hits import at, pageview
from support.processes import wait_until

NOON = at("12:00")
SETTINGS = SpoolSettings(segment_seconds=300, min_free_bytes=0)
Make = Callable[..., SpoolWriter]
Read = Callable[..., list[Record]]


@pytest.fixture
def small_files() -> Iterator[Callable[[int], None]]:
    """Lets the system refuse to write files beyond a size: a real error, in the middle of a write."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def append(writer: SpoolWriter, *records: Record) -> None:
    async def wait() -> None:
        await writer.append(records)

    asyncio.run(wait())


def test_after_a_failed_write_the_file_is_never_touched_again(
    make_writer: Make, tmp_path: Path, small_files: Callable[[int], None]
) -> None:
    failed = threading.Event()
    writer = make_writer(on_failure=failed.set)
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
    make_writer: Make, tmp_path: Path, small_files: Callable[[int], None], records_in: Read
) -> None:
    writer = make_writer()
    append(writer, pageview("12:00"))
    (path,) = tmp_path.rglob(f"*{OPEN}")
    small_files(path.stat().st_size + 10)

    async def append_many() -> list[BaseException | None]:
        return await asyncio.gather(
            *(writer.append([pageview("12:00", visitor)]) for visitor in range(50)), return_exceptions=True
        )

    assert {type(result) for result in asyncio.run(append_many())} == {SpoolUnavailableError}
    small_files(resource.RLIM_INFINITY)
    assert len(records_in(tmp_path)) == 1


@pytest.mark.parametrize("call", ["write", "fsync", "fdatasync", "rename"])
def test_from_whichever_call_on_the_disk_fails_nothing_more_is_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, records_in: Read
) -> None:
    """Let calls fail from the n-th on, for every n there is: create, append twice, seal, create, append, seal."""
    real = getattr(os, call)
    for number in itertools.count():
        spool = tmp_path / str(number)
        writer = SpoolWriter(SETTINGS, spool, 1, lambda: NOON)
        good_calls = iter(range(number))

        def fail_later(*arguments: Any, good_calls: Iterator[int] = good_calls) -> Any:
            if next(good_calls, None) is None:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return real(*arguments)

        monkeypatch.setattr(os, call, fail_later)
        acknowledged = append_until_it_fails(writer)
        writer.close()
        monkeypatch.setattr(os, call, real)
        found = [record.visitor for record in records_in(spool)]  # type: ignore[union-attr]
        assert set(acknowledged) <= set(found)
        assert len(found) == len(set(found)) <= len(acknowledged) + 1
        if not writer.failure:
            break  # it never came to the n-th call
    assert number > 1
    assert len(acknowledged) == 3


def append_until_it_fails(writer: SpoolWriter) -> list[int]:
    """Append to one day, then to the next, so that a segment is sealed in between; return what was acknowledged."""
    acknowledged = []
    with contextlib.suppress(SpoolUnavailableError):
        for visitor, at_ms in enumerate([NOON, NOON, NOON + DAY_MS]):
            append(writer, pageview("12:00", visitor, at=at_ms))
            acknowledged.append(visitor)
    assert (len(acknowledged) < 3) == bool(writer.failure)
    return acknowledged


def test_a_segment_that_cannot_be_created_is_a_failure(make_writer: Make, tmp_path: Path) -> None:
    writer = make_writer()
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


def test_whatever_a_killed_worker_acknowledged_is_there_once(tmp_path: Path, records_in: Read) -> None:
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
        found = [record.visitor for record in records_in(spool)]  # type: ignore[union-attr]
        assert set(acknowledged) <= set(found)
        assert len(found) == len(set(found))
