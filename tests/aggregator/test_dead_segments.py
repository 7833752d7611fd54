"""What a killed worker leaves: its whole frames count, its torn tail does not, and no living worker is disturbed."""

import fcntl
import os
from pathlib import Path

import pytest

from aggregator import dead_segments
from aggregator.dead_segments import STALE_MS, Recovery, recover_dead
from aggregator.spool_reader import SpoolReader
from schema.batch import utc_day
from schema.hit import Record
from schema.spool_format import HEADER_BYTES, is_sealed
from support.batches import flip_bit
from support.disk_calls import disk_calls
from support.hits import at, pageview
from support.segments import Segment

DAY = utc_day(at("10:00"))
NOW = at("12:00")
HITS: list[Record] = [pageview("10:00", path=f"/{number}") for number in range(3)]


def recover(spool: Path, now_ms: int = NOW) -> Recovery:
    return recover_dead(spool, DAY, now_ms)


def read(spool: Path) -> list[Record]:
    return [record for reading in SpoolReader(spool).read(DAY) for record in reading.records]


@pytest.fixture
def segment(tmp_path: Path) -> Segment:
    segment = Segment(tmp_path, DAY, NOW)
    for hit in HITS:
        segment.write(hit)
    return segment


def test_a_dead_workers_segment_is_sealed(tmp_path: Path, segment: Segment) -> None:
    segment.die()
    assert recover(tmp_path).sealed == [segment.name]
    assert is_sealed(segment.sealed_path.read_bytes())
    assert not segment.path.exists()
    assert read(tmp_path) == HITS


def test_a_living_workers_segment_is_left_alone(tmp_path: Path, segment: Segment) -> None:
    before = segment.path.read_bytes()
    assert recover(tmp_path) == Recovery()
    assert segment.path.read_bytes() == before
    segment.seal()


@pytest.mark.parametrize("bytes_missing", [1, 10, 150])
def test_a_torn_tail_is_cut_at_the_last_valid_frame(tmp_path: Path, segment: Segment, bytes_missing: int) -> None:
    torn = segment.frame([pageview("10:09")])[:-bytes_missing]
    segment.write_bytes(torn)
    segment.die()
    assert recover(tmp_path).torn_bytes == len(torn)
    (reading,) = SpoolReader(tmp_path).read(DAY)
    assert (reading.records, reading.problems) == (HITS, [])


def test_a_half_written_seal_is_a_torn_tail(tmp_path: Path, segment: Segment) -> None:
    path = segment.seal()
    os.truncate(path, path.stat().st_size - 5)
    path.rename(segment.path)
    recover(tmp_path)
    assert is_sealed(segment.sealed_path.read_bytes())
    assert read(tmp_path) == HITS


def test_a_segment_sealed_but_not_renamed_keeps_its_bytes(tmp_path: Path, segment: Segment) -> None:
    content = segment.seal().read_bytes()
    segment.sealed_path.rename(segment.path)
    assert recover(tmp_path).torn_bytes == 0
    assert segment.sealed_path.read_bytes() == content


def test_a_segment_renamed_between_listing_and_locking_is_left_alone(
    tmp_path: Path, segment: Segment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker seals, renames and lets go of the lock after its name was listed and the file opened."""

    def seal_first(descriptor: int) -> bool:
        content.append(segment.seal().read_bytes())
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return True

    content: list[bytes] = []
    monkeypatch.setattr(dead_segments, "_try_lock", seal_first)
    assert recover(tmp_path) == Recovery()
    assert segment.sealed_path.read_bytes() == content[0]


def test_damage_in_the_middle_of_a_dead_workers_segment_is_kept_for_the_reader_to_report(
    tmp_path: Path, segment: Segment
) -> None:
    segment.die()
    flip_bit(segment.path, HEADER_BYTES + 30)
    recover(tmp_path)
    (reading,) = SpoolReader(tmp_path).read(DAY)
    assert reading.records == HITS[1:]
    assert len(reading.problems) == 1


def test_a_dead_workers_segment_without_a_header_is_set_aside(tmp_path: Path, segment: Segment) -> None:
    segment.die()
    flip_bit(segment.path, 3)
    assert len(recover(tmp_path).problems) == 1
    assert list(segment.directory.iterdir()) == []
    assert [path.name for path in (tmp_path / "quarantine" / DAY.isoformat()).iterdir()] == [segment.path.name]


def test_sealing_can_be_interrupted_and_done_again(tmp_path: Path, segment: Segment) -> None:
    segment.write_bytes(b"torn")
    segment.die()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "rename", _pull_plug)
        with pytest.raises(KeyboardInterrupt):
            recover(tmp_path)
    assert recover(tmp_path).sealed == [segment.name]
    assert read(tmp_path) == HITS


def test_a_seal_is_on_stable_storage_before_its_name_says_so(tmp_path: Path, segment: Segment) -> None:
    segment.die()
    with disk_calls() as calls:
        recover(tmp_path)
    assert calls == [
        ("fsync", segment.path.name + ".tmp"),  # a new file: what a failed sync left in the old one proves nothing
        ("rename", segment.path.name + ".tmp"),
        ("fsync", DAY.isoformat()),
        ("rename", segment.path.name),
        ("fsync", DAY.isoformat()),
    ]


def _pull_plug(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(("age_ms", "is_removed"), [(STALE_MS + 1, True), (STALE_MS - 1, False)])
def test_what_was_being_created_is_removed_once_it_is_stale(tmp_path: Path, age_ms: int, is_removed: bool) -> None:
    segment = Segment(tmp_path, DAY, NOW - age_ms)
    new = segment.path.rename(segment.path.with_suffix(".new"))
    segment.die()
    recover(tmp_path)
    assert new.exists() != is_removed


def test_what_a_living_worker_is_creating_is_left_alone(tmp_path: Path) -> None:
    segment = Segment(tmp_path, DAY, NOW - 2 * STALE_MS)
    new = segment.path.rename(segment.path.with_suffix(".new"))
    recover(tmp_path)
    assert new.exists()
    segment.die()


def test_a_day_that_is_not_there_has_nothing_to_recover(tmp_path: Path) -> None:
    assert recover(tmp_path) == Recovery()
