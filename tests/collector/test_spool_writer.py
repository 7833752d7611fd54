import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collector import spool_writer
from collector.clock import Clock
from collector.spool_writer import SpoolWriter
from schema.batch import DAY_MS
from schema.errors import SpoolUnavailableError
from schema.fence import raise_fence
from schema.hit import Record, RejectedHit, Rejection
from schema.settings import SpoolSettings
from schema.spool_format import FENCE_NAME, OPEN, SEALED, decode_header, is_sealed, scan_frames
from support.hits import at, pageview
from support.processes import wait_until

NOON = at("12:00")
SETTINGS = SpoolSettings(segment_seconds=300, min_free_bytes=0)
Make = Callable[..., SpoolWriter]
Read = Callable[..., list[Record]]


def append(writer: SpoolWriter, *records: Record) -> None:
    async def wait() -> None:
        await writer.append(records)

    asyncio.run(wait())


def test_what_append_has_returned_for_is_in_the_file(make_writer: Make, tmp_path: Path, records_in: Read) -> None:
    writer = make_writer()
    append(writer, pageview("12:00"), RejectedHit("", NOON, Rejection.MALFORMED))
    assert records_in(tmp_path, OPEN) == [pageview("12:00"), RejectedHit("", NOON, Rejection.MALFORMED)]


def test_close_commits_what_waits_and_seals(make_writer: Make, tmp_path: Path, records_in: Read) -> None:
    writer = make_writer()
    append(writer, pageview("12:00"))
    writer.close()
    assert records_in(tmp_path, SEALED) == [pageview("12:00")]
    assert not list(tmp_path.rglob(f"*{OPEN}"))
    writer.close()


def test_concurrent_hits_are_committed_together(make_writer: Make, tmp_path: Path, records_in: Read) -> None:
    writer = make_writer()

    async def append_many() -> None:
        await asyncio.gather(*(writer.append([pageview("12:00", visitor)]) for visitor in range(500)))

    asyncio.run(append_many())
    (path,) = tmp_path.rglob(f"*{OPEN}")
    content = path.read_bytes()
    assert len(scan_frames(content, decode_header(content).segment_id).payloads) < 100
    assert sorted(record.visitor for record in records_in(tmp_path)) == list(range(500))  # type: ignore[union-attr]


def test_an_idle_segment_is_sealed_in_time(make_writer: Make, tmp_path: Path) -> None:
    writer = make_writer(segment_seconds=0.2)
    append(writer, pageview("12:00"))
    wait_until(lambda: list(tmp_path.rglob(f"*{SEALED}")), 10, "the segment is sealed")
    append(writer, pageview("12:00"))
    assert len(list(tmp_path.rglob("*.*"))) == 2


def test_a_segment_is_sealed_at_midnight(make_writer: Make, tmp_path: Path) -> None:
    ahead = at("23:59:59.800") - time.monotonic_ns() // 1_000_000
    writer = make_writer(clock=lambda: ahead + time.monotonic_ns() // 1_000_000)
    append(writer, pageview("23:59:59.800"))
    wait_until(lambda: list(tmp_path.rglob(f"*{SEALED}")), 10, "the segment is sealed")


def test_hits_around_midnight_go_into_two_days(make_writer: Make, tmp_path: Path) -> None:
    writer = make_writer()
    tomorrow = at("00:00") + DAY_MS

    async def append_both() -> None:
        await asyncio.gather(*(writer.append([pageview("12:00", at=tomorrow + shift)]) for shift in (-2, -1, 0, 1)))

    asyncio.run(append_both())
    writer.close()
    assert {path.parent.name: is_sealed(path.read_bytes()) for path in tmp_path.glob("*/*")} == {
        "2026-03-10": True,
        "2026-03-11": True,
    }


def test_a_hit_behind_the_fence_is_moved_or_refused(make_writer: Make, tmp_path: Path, records_in: Read) -> None:
    raise_fence(tmp_path, at("12:05"))
    writer = make_writer()
    append(writer, pageview("12:00"))
    assert records_in(tmp_path)[0].at == at("12:05")
    with pytest.raises(SpoolUnavailableError, match="aggregated"):
        append(writer, pageview("12:00", at=at("12:00") - DAY_MS))
    append(writer, pageview("12:06"))
    assert writer.failure == ""


@pytest.mark.parametrize("settings", [{"max_bytes": 1}, {"min_free_bytes": 2**60}])
def test_a_spool_without_room_refuses_and_stays_whole(
    make_writer: Make, tmp_path: Path, settings: dict[str, int], records_in: Read
) -> None:
    (tmp_path / FENCE_NAME).write_bytes(bytes(8))
    writer = make_writer(**settings)
    with pytest.raises(SpoolUnavailableError, match="spool"):
        append(writer, pageview("12:00"))
    assert writer.problem()
    assert writer.failure == ""
    assert records_in(tmp_path) == []


@pytest.mark.parametrize(("limit", "value"), [("MAX_QUEUED_RECORDS", 2), ("MAX_QUEUED_BYTES", 600)])
def test_a_queue_that_is_full_refuses_at_once(
    make_writer: Make, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(spool_writer, limit, value)
    writer = make_writer()
    with pytest.raises(SpoolUnavailableError, match="memory"):
        append(writer, *(pageview("12:00") for _ in range(3)))
    append(writer, pageview("12:00"))


def test_a_writer_that_is_closed_refuses(make_writer: Make) -> None:
    writer = make_writer()
    writer.close()
    with pytest.raises(SpoolUnavailableError, match="closing"):
        append(writer, pageview("12:00"))


def test_nothing_but_hits_and_rejections_is_taken(make_writer: Make, beacon_of: Callable[..., Any]) -> None:
    beacon = beacon_of({"n": "pageview", "u": "https://example.com/"})
    with pytest.raises(TypeError):
        append(make_writer(), beacon)


def test_a_caller_that_gives_up_harms_nobody(make_writer: Make, tmp_path: Path, records_in: Read) -> None:
    writer = make_writer()

    async def give_up_one() -> None:
        waiting = [asyncio.ensure_future(writer.append([pageview("12:00", visitor)])) for visitor in range(3)]
        await asyncio.sleep(0)
        waiting[1].cancel()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(result) for result in results] == [type(None), asyncio.CancelledError, type(None)]

    asyncio.run(give_up_one())
    assert len(records_in(tmp_path)) == 3


def test_a_real_clock_and_real_seconds_work_together(tmp_path: Path, records_in: Read) -> None:
    clock = Clock()
    writer = SpoolWriter(SpoolSettings(segment_seconds=1, min_free_bytes=0), tmp_path, 1, clock)
    append(writer, pageview("12:00", at=clock()))
    writer.close()
    assert len(records_in(tmp_path, SEALED)) == 1
