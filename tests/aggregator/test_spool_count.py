"""The spool counted frame by frame, whoever is writing it, with nothing changed."""

from pathlib import Path

from aggregator.spool_count import SpoolCount, total_of
from collector.segments import Segments
from collector.tally import WorkerTally
from schema.batch import utc_day
from schema.hit import Record, RejectedHit, Rejection
from schema.tally_format import QUARTER_MS
from support.batches import flip_bit
from support.hits import at, engagement, event, pageview
from support.random_records import START
from support.segments import Segment, sealed_segment

DAY = utc_day(START)
QUARTER = at("10:00") // QUARTER_MS
RECORDS: list[Record] = [
    pageview("10:00", props=(("plan", "x"),)),
    pageview("10:14:59.999"),
    event("10:01", "buy"),
    engagement("10:02", 9),
    RejectedHit("", at("10:03"), Rejection.MALFORMED),
]
COUNTS = {
    ("example.com", QUARTER, "pageview"): 2,
    ("example.com", QUARTER, "event"): 1,
    ("example.com", QUARTER, "engagement"): 1,
    ("", QUARTER, "malformed"): 1,
}


def test_sealed_and_open_segments_count_by_site_quarter_and_what_it_is(tmp_path: Path) -> None:
    sealed_segment(tmp_path, DAY, *RECORDS[:2])
    worker = Segment(tmp_path, DAY, 2)
    worker.write(*RECORDS[2:])
    count = SpoolCount(tmp_path)
    assert count.days() == [DAY]
    found = count.look([DAY])
    assert total_of(found) == COUNTS
    assert [segment.is_sealed for segment in found[DAY].segments.values()] == [True, False]
    worker.write(RECORDS[0])
    worker.seal()
    assert total_of(count.look([DAY])).total() == 6


def test_a_torn_tail_and_a_segment_without_a_header_count_for_nothing(tmp_path: Path) -> None:
    flip_bit(sealed_segment(tmp_path, DAY, *RECORDS), 5)
    worker = Segment(tmp_path, DAY, 2)
    worker.write(RECORDS[0])
    worker.write_bytes(worker.frame([RECORDS[0]])[:-3])
    assert total_of(SpoolCount(tmp_path).look([DAY])).total() == 1
    worker.die()


def test_a_segment_that_goes_is_counted_no_more(tmp_path: Path) -> None:
    path = sealed_segment(tmp_path, DAY, *RECORDS)
    count = SpoolCount(tmp_path)
    assert total_of(count.look([DAY])).total() == 5
    path.unlink()
    assert total_of(count.look([DAY])).total() == 0


def test_it_reads_no_more_at_a_time_than_it_may(tmp_path: Path) -> None:
    for number in range(3):
        sealed_segment(tmp_path, DAY, *RECORDS, created_at=number)
    count = SpoolCount(tmp_path)
    seen = []
    for _ in range(3):
        seen.append((total_of(count.look([DAY], 1)).total(), count.has_seen_all))
    assert seen == [(5, False), (10, False), (15, True)]


def test_what_a_forgotten_site_has_left_is_on_no_side(tmp_path: Path) -> None:
    segments = Segments(tmp_path, 1, 300, lambda: at("12:00"), WorkerTally())
    sites = ("left.example", "left.example", "stays.example")
    segments.write(DAY, [pageview("12:00", site=site) for site in sites])
    segments.seal()
    count = SpoolCount(tmp_path, lambda site, at_ms: site == "left.example" and at_ms < at("12:10")).look([DAY])[DAY]
    (segment,), (entry,) = count.segments.values(), count.entries.values()
    assert {place[0] for place in segment.tallied} == {place[0] for place in entry.tallied} == {"stays.example"}
