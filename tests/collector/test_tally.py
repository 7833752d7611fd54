"""A worker's tally: what it acknowledged by segment, there after its death, and no reason to refuse a beacon."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from collector.segments import Segments
from collector.tally import WorkerTally
from schema.batch import DAY_MS
from schema.fence import raise_fence
from schema.hit import Record, RejectedHit, Rejection
from schema.tally_format import QUARTER_MS, TALLY, Entry, decode_tally, encode_entry
from support.hits import DAY, at, engagement, event, pageview

TODAY = date.fromisoformat(DAY)
RECORDS: list[Record] = [
    pageview("10:00"),
    pageview("10:14:59.999"),
    pageview("10:15"),
    event("10:01", "buy"),
    engagement("10:02", 9, site="other.example"),
    RejectedHit("", at("10:03"), Rejection.MALFORMED),
]
COUNTS = {
    ("example.com", at("10:00") // QUARTER_MS, "pageview"): 2,
    ("example.com", at("10:15") // QUARTER_MS, "pageview"): 1,
    ("example.com", at("10:00") // QUARTER_MS, "event"): 1,
    ("other.example", at("10:00") // QUARTER_MS, "engagement"): 1,
    ("", at("10:00") // QUARTER_MS, "malformed"): 1,
}


class Clock:
    now_ms = at("10:16")

    def __call__(self) -> int:
        return self.now_ms


def segments_of(spool: Path, clock: Clock | None = None) -> Segments:
    return Segments(spool, 1, 5, clock or Clock(), WorkerTally())


def entries(spool: Path) -> list[Entry]:
    return [entry for path in sorted(spool.rglob(f"*{TALLY}")) for entry in decode_tally(path.read_bytes()).entries]


def test_it_counts_what_is_committed_by_site_quarter_and_what_it_is(tmp_path: Path) -> None:
    segments = segments_of(tmp_path)
    segments.write(TODAY, RECORDS[:2])
    segments.write(TODAY, RECORDS[2:])
    (entry,) = entries(tmp_path)
    assert (entry.tallied, entry.is_complete) == (COUNTS, 0)
    (path,) = tmp_path.rglob("*.open")
    assert entry.segment == path.stem
    segments.seal()
    (entry,) = entries(tmp_path)
    assert (entry.tallied, entry.is_complete) == (COUNTS, 1)


def test_every_segment_of_a_day_has_an_entry_in_one_file(tmp_path: Path) -> None:
    clock = Clock()
    segments = segments_of(tmp_path, clock)
    for number in range(3):
        segments.write(TODAY, RECORDS[: number + 1])
        segments.seal()
    assert [(entry.number, entry.tallied.total()) for entry in entries(tmp_path)] == [(0, 1), (1, 2), (2, 3)]
    clock.now_ms += DAY_MS
    segments.write(date.fromordinal(TODAY.toordinal() + 1), [RejectedHit("", clock.now_ms, Rejection.BOT)])
    assert len(list(tmp_path.rglob(f"*{TALLY}"))) == 2


def test_a_hit_moved_up_to_the_fence_counts_where_it_is_in_the_spool(tmp_path: Path) -> None:
    raise_fence(tmp_path, at("10:15"))
    segments_of(tmp_path).write(TODAY, [pageview("10:14")])
    (entry,) = entries(tmp_path)
    assert entry.tallied == {("example.com", at("10:15") // QUARTER_MS, "pageview"): 1}


def test_a_tally_that_cannot_be_written_is_given_up_and_beacons_are_taken(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tally = WorkerTally()
    tally.begin(tmp_path / "there is no such directory", "segment")
    segments = Segments(tmp_path, 1, 5, Clock(), tally)
    for _ in range(3):
        assert segments.write(TODAY, RECORDS) > 0
    segments.seal()
    assert entries(tmp_path) == []
    (record,) = caplog.records
    assert record.getMessage().startswith("this worker goes on without a tally for the ledger")


def test_an_entry_that_was_being_written_is_passed_over_and_a_gap_is_seen() -> None:
    lines = [encode_entry(number, f"segment {number}", True, Counter({("a", 1, "event"): 5})) for number in range(3)]
    assert decode_tally(lines[0] + lines[1][:-9]).missing == 0
    assert len(decode_tally(lines[0] + lines[1][:-9]).entries) == 1
    assert decode_tally(lines[0] + lines[2]).missing == 1
    damaged = lines[1].replace(b"event", b"evert")
    assert decode_tally(lines[0] + damaged + lines[2]).missing == 1


def test_an_entry_never_becomes_shorter() -> None:
    tallied = Counter({("a", 1, "event"): 9})
    before = encode_entry(0, "s", False, tallied)
    assert len(encode_entry(0, "s", True, tallied)) == len(before)
    tallied["a", 1, "event"] += 1
    assert len(encode_entry(0, "s", False, tallied)) > len(before)
