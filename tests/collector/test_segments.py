import errno
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.segments import Segments
from schema.batch import DAY_MS
from schema.errors import SpoolUnavailableError
from schema.fence import raise_fence
from schema.hit import Hit, Record, RejectedHit, Rejection
from schema.reserve import RESERVE_BYTES, RESERVE_NAME, Reserve
from schema.spool_format import HEADER_BYTES, MAX_PAYLOAD_BYTES, OPEN, SEALED, decode_header, scan_frames
from support.hits import at, pageview
from support.small_volume import fill, free_bytes, small_volume

DAY, NEXT_DAY = date(2026, 3, 10), date(2026, 3, 11)
NOON = at("12:00")
Read = Callable[..., list[Record]]


def make(spool: Path, *, seconds: float = 300, now: int = NOON) -> Segments:
    return Segments(spool, 1, seconds, lambda: now)


def test_a_segment_is_created_at_the_first_hit_and_goes_on(tmp_path: Path, records_in: Read) -> None:
    segments = make(tmp_path)
    assert not list(tmp_path.rglob("*"))
    hits: list[Record] = [pageview("12:00"), pageview("12:01"), RejectedHit("", NOON, Rejection.BOT)]
    for hit in hits:
        segments.write(DAY, [hit])
    assert len(list(tmp_path.rglob(f"*{OPEN}"))) == 1
    assert records_in(tmp_path) == hits
    segments.seal()
    assert records_in(tmp_path, SEALED) == hits


def test_a_hit_of_another_day_gets_a_segment_of_its_own_day(tmp_path: Path) -> None:
    segments = make(tmp_path)
    late, early = pageview("23:59:59.999"), pageview("00:00", at=at("00:00", "2026-03-11"))
    for day, hit in ((DAY, late), (NEXT_DAY, early), (DAY, late)):
        segments.write(day, [hit])
    segments.seal()
    for path in tmp_path.glob("*/*"):
        assert decode_header(path.read_bytes()).day == date.fromisoformat(path.parent.name)
    assert [len(list((tmp_path / str(day)).iterdir())) for day in (DAY, NEXT_DAY)] == [2, 1]


def test_a_segment_is_to_be_sealed_some_seconds_after_its_first_hit(tmp_path: Path) -> None:
    segments = make(tmp_path, seconds=300)
    assert segments.seconds_to_seal() is None
    segments.write(DAY, [pageview("12:00")])
    assert 299 < (segments.seconds_to_seal() or 0) <= 300
    segments.seal()
    assert segments.seconds_to_seal() is None


@pytest.mark.parametrize(("now", "expected"), [("23:59:59", 1.0), ("23:59:59.999", 0.001)])
def test_at_midnight_at_the_latest(tmp_path: Path, now: str, expected: float) -> None:
    segments = make(tmp_path, now=at(now))
    segments.write(DAY, [pageview(now)])
    assert segments.seconds_to_seal() == expected
    segments.seal()


def test_after_midnight_at_once(tmp_path: Path) -> None:
    segments = make(tmp_path, now=at("00:05", "2026-03-11"))
    segments.write(DAY, [pageview("23:59")])
    assert segments.seconds_to_seal() == 0
    segments.seal()


def test_a_hit_behind_the_fence_is_moved_up_to_it(tmp_path: Path, records_in: Read) -> None:
    raise_fence(tmp_path, at("12:05"))
    segments = make(tmp_path)
    segments.write(DAY, [pageview("12:04"), pageview("12:05"), pageview("12:06")])
    segments.seal()
    assert [record.at for record in records_in(tmp_path)] == [at("12:05"), at("12:05"), at("12:06")]


def test_a_fence_that_is_raised_while_a_segment_is_open_waits_for_its_seal(tmp_path: Path, records_in: Read) -> None:
    segments = make(tmp_path)
    segments.write(DAY, [pageview("12:00")])
    raise_fence(tmp_path, at("12:05"))
    segments.write(DAY, [pageview("12:01")])
    segments.seal()
    segments.write(DAY, [pageview("12:02")])
    assert [record.at for record in records_in(tmp_path, SEALED)] == [at("12:00"), at("12:01")]
    assert [record.at for record in records_in(tmp_path, OPEN)] == [at("12:05")]
    segments.seal()


def test_a_hit_of_a_day_that_is_over_is_refused_and_leaves_nothing(tmp_path: Path, records_in: Read) -> None:
    raise_fence(tmp_path, at("00:00") + DAY_MS)
    segments = make(tmp_path)
    for _ in range(2):
        with pytest.raises(SpoolUnavailableError):
            segments.write(DAY, [pageview("23:59")])
    assert not (tmp_path / str(DAY)).exists()
    segments.write(NEXT_DAY, [pageview("00:00", at=at("00:00", "2026-03-11"))])
    segments.seal()
    assert len(records_in(tmp_path)) == 1


def test_the_fence_is_read_after_the_segment_is_visible(tmp_path: Path, records_in: Read) -> None:
    """The segment's clock is read between the look whether the day is open and its creation: raise the fence then."""
    segments = Segments(tmp_path, 1, 300, lambda: raise_fence(tmp_path, at("12:05")))
    segments.write(DAY, [pageview("12:00")])
    assert records_in(tmp_path)[0].at == at("12:05")
    segments.seal()


def test_many_hits_are_several_frames_of_one_commit(tmp_path: Path, records_in: Read) -> None:
    long = [pageview("12:00", path="/" + "x" * 100_000) for _ in range(2 * MAX_PAYLOAD_BYTES // 100_000)]
    segments = make(tmp_path)
    written = segments.write(DAY, list(long))
    segments.seal()
    (path,) = tmp_path.glob("*/*")
    content = path.read_bytes()
    payloads = scan_frames(content, decode_header(content).segment_id).payloads
    assert len(payloads) > 1
    assert max(map(len, payloads)) <= MAX_PAYLOAD_BYTES
    assert HEADER_BYTES + written < len(content)
    assert records_in(tmp_path) == long


records = st.one_of(
    st.builds(
        pageview,
        st.just("12:00"),
        st.integers(0, 2**64 - 1),
        st.text(max_size=20),
        props=st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=3).map(tuple),
        at=st.integers(at("00:00"), at("23:59:59.999")),
    ),
    st.builds(RejectedHit, st.text(max_size=5), st.integers(at("00:00"), at("23:59")), st.sampled_from(Rejection)),
)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.lists(records, min_size=1, max_size=5), max_size=5))
def test_what_was_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, records_in: Read, commits: list[list[Record]]
) -> None:
    spool = tmp_path_factory.mktemp("spool")
    segments = make(spool)
    for commit in commits:
        segments.write(DAY, commit)
    segments.seal()
    assert records_in(spool) == [record for commit in commits for record in commit]


def test_a_full_volume_is_no_failure_while_no_segment_is_open(tmp_path: Path, records_in: Read) -> None:
    """The first hit of a segment finds no room: refused, the reserve is given up, and a later one is taken."""
    with small_volume(tmp_path / "spool", 16) as spool:
        segments = make(spool)
        assert Reserve(spool).make()
        fill(spool / "other")
        with pytest.raises(SpoolUnavailableError, match="full"):
            segments.write(DAY, [pageview("12:00", path="/refused")])
        assert free_bytes(spool) >= RESERVE_BYTES - 65_536
        segments.write(DAY, [pageview("12:00", path="/taken")])
        segments.seal()
        assert [record.path for record in records_in(spool) if isinstance(record, Hit)] == ["/taken"]


def test_a_full_volume_is_a_failure_of_the_open_segment_and_leaves_room_to_recover_it(tmp_path: Path) -> None:
    with small_volume(tmp_path / "spool", 16) as spool:
        segments = make(spool)
        segments.write(DAY, [pageview("12:00")])
        assert Reserve(spool).make()
        fill(spool / "other")
        with pytest.raises(OSError, match="No space"):
            segments.write(DAY, [pageview("12:00", path="/" + "x" * 100_000)])
        assert free_bytes(spool) > RESERVE_BYTES // 2


def test_another_error_leaves_the_reserve_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    segments = make(tmp_path)
    Reserve(tmp_path).make()
    segments.write(DAY, [pageview("12:00")])
    monkeypatch.setattr(os, "fdatasync", fail)
    with pytest.raises(OSError, match="Input/output"):
        segments.write(DAY, [pageview("12:01")])
    monkeypatch.undo()
    assert (tmp_path / RESERVE_NAME).exists()
