"""Reading the spool: every whole frame once, as soon as it is there, and never a byte that was not written."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.spool_reader import SpoolReader
from schema.batch import utc_day
from schema.errors import SegmentDamagedError
from schema.hit import Record
from schema.spool_format import HEADER_BYTES, SEAL_BYTES, encode_frame
from support.batches import flip_bit
from support.disk_calls import disk_calls
from support.hits import at, pageview
from support.segments import Segment, sealed_segment

DAY = utc_day(at("10:00"))
HITS: list[Record] = [pageview("10:00", path=f"/{number}") for number in range(6)]


def read(reader: SpoolReader) -> list[Record]:
    return [record for reading in reader.read(DAY) for record in reading.records]


def problems(reader: SpoolReader) -> list[SegmentDamagedError]:
    return [problem for reading in reader.read(DAY) for problem in reading.problems]


def copies(spool: Path) -> list[str]:
    directory = spool / "quarantine" / DAY.isoformat()
    return sorted(path.name for path in directory.iterdir()) if directory.exists() else []


def test_a_sealed_segment_is_read_once(tmp_path: Path) -> None:
    sealed_segment(tmp_path, DAY, *HITS)
    reader = SpoolReader(tmp_path)
    assert reader.days() == [DAY]
    assert read(reader) == HITS
    assert read(reader) == []


def test_an_open_segment_is_read_as_it_grows(tmp_path: Path) -> None:
    segment, reader = Segment(tmp_path, DAY, 1), SpoolReader(tmp_path)
    assert read(reader) == []
    for hit in HITS:
        segment.write(hit)
        assert read(reader) == [hit]
    segment.seal()
    assert read(reader) == []


def test_what_was_read_while_open_is_not_read_again_when_sealed(tmp_path: Path) -> None:
    segment, reader = Segment(tmp_path, DAY, 1), SpoolReader(tmp_path)
    segment.write(HITS[0])
    assert read(reader) == HITS[:1]
    segment.write(HITS[1])
    segment.seal()
    assert read(reader) == HITS[1:2]


def test_a_frame_that_is_only_half_there_is_read_once_it_is_whole(tmp_path: Path) -> None:
    segment, reader = Segment(tmp_path, DAY, 1), SpoolReader(tmp_path)
    frame = segment.frame(HITS[:1])
    for end in range(1, len(frame)):
        segment.write_bytes(frame[end - 1 : end])
        assert read(reader) == []
    segment.write_bytes(frame[-1:])
    assert read(reader) == HITS[:1]


def test_a_gap_in_an_open_segment_waits_for_the_seal(tmp_path: Path) -> None:
    segment, reader = Segment(tmp_path, DAY, 1), SpoolReader(tmp_path)
    gap = segment.frame(HITS[:1])
    segment.write_bytes(bytes(len(gap)))
    segment.write(HITS[1])
    assert read(reader) == []
    content = segment.path.read_bytes()
    segment.path.write_bytes(content[:HEADER_BYTES] + gap + content[HEADER_BYTES + len(gap) :])
    assert read(reader) == HITS[:2]


def test_segments_are_read_in_order_of_their_creation(tmp_path: Path) -> None:
    for number in (2, 0, 1):
        sealed_segment(tmp_path, DAY, HITS[number], created_at=number)
    assert read(SpoolReader(tmp_path)) == HITS[:3]


def test_a_segment_is_unfinished_until_it_is_sealed_and_read(tmp_path: Path) -> None:
    segment, reader = Segment(tmp_path, DAY, 1), SpoolReader(tmp_path)
    segment.write(HITS[0])
    assert reader.unfinished(DAY) == {segment.name}
    read(reader)
    assert reader.unfinished(DAY) == {segment.name}
    segment.seal()
    assert reader.unfinished(DAY) == {segment.name}
    read(reader)
    assert reader.unfinished(DAY) == set()


def test_what_is_being_created_holds_nothing(tmp_path: Path) -> None:
    segment = Segment(tmp_path, DAY, 1)
    segment.path.rename(segment.path.with_suffix(".new"))
    reader = SpoolReader(tmp_path)
    assert read(reader) == []
    assert reader.unfinished(DAY) == set()


def test_a_spool_that_is_not_there_yet_is_empty(tmp_path: Path) -> None:
    reader = SpoolReader(tmp_path / "spool")
    assert (reader.days(), read(reader), reader.unfinished(DAY)) == ([], [], set())


def test_a_damaged_frame_is_reported_the_others_count_and_a_copy_is_kept(tmp_path: Path) -> None:
    path = sealed_segment(tmp_path, DAY, *HITS)
    flip_bit(path, HEADER_BYTES + 30)
    content = path.read_bytes()
    (reading,) = SpoolReader(tmp_path).read(DAY)
    assert reading.records == HITS[1:]
    assert "at least 1 frames are missing" in str(reading.problems[0])
    assert copies(tmp_path) == [path.name]
    assert (tmp_path / "quarantine" / DAY.isoformat() / path.name).read_bytes() == content


def test_a_segment_cut_off_after_its_seal_is_reported_even_at_the_end_of_a_frame(tmp_path: Path) -> None:
    path = sealed_segment(tmp_path, DAY, *HITS)
    path.write_bytes(path.read_bytes()[:-SEAL_BYTES])
    (reading,) = SpoolReader(tmp_path).read(DAY)
    assert reading.records == HITS
    assert len(reading.problems) == 1


def test_a_segment_with_a_damaged_header_is_set_aside_whole(tmp_path: Path) -> None:
    path = sealed_segment(tmp_path, DAY, *HITS)
    flip_bit(path, 20)
    reader = SpoolReader(tmp_path)
    (reading,) = reader.read(DAY)
    assert reading.records == []
    assert len(reading.problems) == 1
    assert copies(tmp_path) == [path.name]
    assert not path.exists()
    assert reader.unfinished(DAY) == set()


def test_a_whole_frame_of_another_version_is_reported(tmp_path: Path) -> None:
    segment = Segment(tmp_path, DAY, 1)
    segment.write(HITS[0])
    segment.write_bytes(encode_frame(segment.segment_id, segment.frames, b"\x91\x91\x09"))
    segment.frames += 1
    segment.write(HITS[1])
    segment.seal()
    (reading,) = SpoolReader(tmp_path).read(DAY)
    assert reading.records == HITS[:2]
    assert "1 hold nothing that this version knows" in str(reading.problems[0])


def test_no_report_says_what_a_hit_holds(tmp_path: Path) -> None:
    path = sealed_segment(tmp_path, DAY, pageview("10:00", path="/secret"), pageview("10:00", path="/other"))
    flip_bit(path, HEADER_BYTES + 30)
    assert all("/" not in str(problem).replace(f"{DAY}/", "") for problem in problems(SpoolReader(tmp_path)))


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(0, 2000), flips=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 7)), max_size=3))
def test_no_truncation_and_no_flipped_bit_ever_gives_a_wrong_record(
    tmp_path_factory: pytest.TempPathFactory, cut: int, flips: list[tuple[int, int]]
) -> None:
    spool = tmp_path_factory.mktemp("spool")
    path = sealed_segment(spool, DAY, *HITS)
    content = bytearray(path.read_bytes())
    for position, bit in flips:
        content[position % len(content)] ^= 1 << bit
    was_harmed = bytes(content) != path.read_bytes() or cut % len(content) > 0
    path.write_bytes(content[: len(content) - cut % len(content)])
    reader = SpoolReader(spool)
    readings = list(reader.read(DAY))
    found = [record for reading in readings for record in reading.records]
    assert found == [hit for hit in HITS if hit in found]
    assert bool([problem for reading in readings for problem in reading.problems]) == was_harmed
    assert reader.unfinished(DAY) == set()


def test_removing_a_day_leaves_nothing_of_it(tmp_path: Path) -> None:
    path = sealed_segment(tmp_path, DAY, *HITS)
    flip_bit(path, HEADER_BYTES + 30)
    sealed_segment(tmp_path, utc_day(at("10:00", "2026-03-11")), HITS[0])
    reader = SpoolReader(tmp_path)
    read(reader)
    reader.remove_day(DAY)
    assert [entry.name for entry in tmp_path.iterdir() if entry.name != "quarantine"] == ["2026-03-11"]
    assert list((tmp_path / "quarantine").iterdir()) == []
    reader.remove_day(DAY)


def test_removing_a_day_is_durable(tmp_path: Path) -> None:
    flip_bit(sealed_segment(tmp_path, DAY, *HITS), HEADER_BYTES + 30)
    reader = SpoolReader(tmp_path)
    read(reader)
    with disk_calls() as calls:
        reader.remove_day(DAY)
    assert calls == [("fsync", tmp_path.name), ("fsync", "quarantine")]


def test_setting_a_segment_aside_is_durable(tmp_path: Path) -> None:
    path = sealed_segment(tmp_path, DAY, *HITS)
    flip_bit(path, 20)
    reader = SpoolReader(tmp_path)
    with disk_calls() as calls:
        read(reader)
    assert calls[-3:] == [("rename", path.name), ("fsync", DAY.isoformat()), ("fsync", DAY.isoformat())]


def test_a_forgotten_day_is_read_from_its_beginning(tmp_path: Path) -> None:
    sealed_segment(tmp_path, DAY, *HITS)
    reader = SpoolReader(tmp_path)
    read(reader)
    reader.forget(DAY)
    assert read(reader) == HITS


def test_a_segment_that_a_listing_misses_is_not_taken_for_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, segment = SpoolReader(tmp_path), Segment(tmp_path, DAY, 1)
    segment.write(pageview("10:00"))
    list(reader.read(DAY))
    monkeypatch.setattr("os.listdir", lambda path: [])  # what ext4 may answer while it is being renamed
    assert reader.unfinished(DAY) == {segment.name}
    segment.seal()
    assert reader.unfinished(DAY) == {segment.name}
    monkeypatch.undo()
    list(reader.read(DAY))
    assert reader.unfinished(DAY) == set()
