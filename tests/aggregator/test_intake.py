"""When a window is cut: once no segment can hold a hit from before its end, and not a moment earlier."""

from pathlib import Path

import pytest

from aggregator import intake as intake_module
from aggregator.archive import Archive
from aggregator.intake import GRACE_MS, Intake, Taken
from aggregator.manifest import Manifest
from aggregator.removal import ForgottenSite
from schema.batch import DAY_MS, Window, utc_day
from schema.errors import BatchMismatchError, SegmentDamagedError
from schema.fence import raise_fence, read_fence
from schema.hit import Record
from schema.spool_format import HEADER_BYTES
from support.batches import flip_bit
from support.counts import counts_of, local_time, oracle_counts, total
from support.hits import at, pageview
from support.segments import Segment, sealed_segment

DAY, NEXT_DAY = utc_day(at("10:00")), utc_day(at("10:00") + DAY_MS)


class Rig:
    """An intake on a spool of its own."""

    def __init__(self, directory: Path) -> None:
        self.spool = directory / "spool"
        self.archive = Archive(directory / "archive", 1)
        self.start()

    def start(self) -> None:
        """What a restart does: begin with nothing but the disk."""
        self.intake = Intake(self.spool, self.archive, local_time())

    def step(self, clock: str, day: str = "2026-03-10") -> Taken:
        now_ms = at(clock, day)
        self.intake.raise_fence(now_ms)
        problems = self.intake.recover(now_ms)
        taken = self.intake.take()
        taken.problems += problems
        return taken

    def seal(self, *records: Record) -> Path:
        return sealed_segment(self.spool, utc_day(records[0].at), *records)

    def archived(self) -> list[str]:
        """The windows that the archive has of the first day."""
        return [Window(manifest.window or 0).name for manifest in self.archive.manifests(DAY)[0]]


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def test_a_visit_is_live_until_its_window_is_cut_and_then_archived(rig: Rig) -> None:
    rig.seal(pageview("10:00"))
    rig.step("10:20:00")
    assert total(counts_of([rig.intake.live()]), "visits", "visits") == 1
    assert rig.archived() == []
    rig.step("10:35:02")
    assert rig.intake.live() == {}
    assert rig.archived() == ["1030"]


def test_a_window_is_cut_only_after_a_moment_of_grace(rig: Rig) -> None:
    rig.seal(pageview("10:00"))
    rig.step("10:35:01.999")
    assert rig.archived() == []
    assert read_fence(rig.spool) == at("10:30")
    rig.step("10:35:02")
    assert read_fence(rig.spool) == at("10:35")
    assert GRACE_MS == 2000


def test_no_window_is_cut_while_a_segment_that_was_there_at_the_fence_is_open(rig: Rig) -> None:
    rig.seal(pageview("10:00"))
    segment = Segment(rig.spool, DAY, 1)
    segment.write(pageview("10:20", visitor=2))
    rig.step("10:40:02")
    assert (rig.archived(), rig.intake.through) == ([], None)
    segment.write(pageview("10:29"))
    segment.seal()
    rig.step("10:40:03")
    assert rig.intake.through == Window.of(at("10:35"))
    assert rig.archived() == []  # the hit at 10:29 keeps the visit open
    rig.step("11:00:02")
    assert rig.archived() == ["1050", "1055"]


def test_a_segment_created_after_the_fence_is_not_waited_for(rig: Rig) -> None:
    rig.seal(pageview("10:00"))
    rig.intake.raise_fence(at("10:35:02"))
    segment = Segment(rig.spool, DAY, 1)
    segment.write(pageview("10:35"))
    rig.intake.take()
    assert rig.archived() == ["1030"]
    segment.seal()


def test_a_segment_that_becomes_visible_while_the_fence_is_raised_is_waited_for(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its worker has yet to read the fence, or has read the old one: the listing has to come after the fence."""

    def raise_late(spool_dir: Path, at_ms: int) -> int:
        segments.append(Segment(rig.spool, DAY, 1))
        return raise_fence(spool_dir, at_ms)

    segments = list[Segment]()
    monkeypatch.setattr(intake_module, "raise_fence", raise_late)
    rig.seal(pageview("10:00"))
    rig.step("10:35:02")
    assert rig.archived() == []
    segments[0].write(pageview("10:29"))
    segments[0].seal()
    rig.step("10:35:03")
    assert rig.archived() == []


def test_the_fence_is_on_disk_before_a_window_is_cut(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_after_fence(window: Window, tables: object) -> Manifest:
        assert read_fence(rig.spool) >= window.end_ms
        return write(window, tables)  # type: ignore[arg-type]  # passed on as it came

    write = rig.archive.write
    monkeypatch.setattr(rig.archive, "write", cut_after_fence)
    rig.seal(pageview("10:00"))
    rig.step("10:35:02")
    assert rig.archived() == ["1030"]


def test_a_dead_workers_segment_is_sealed_and_counted(rig: Rig) -> None:
    segment = Segment(rig.spool, DAY, 1)
    segment.write(pageview("10:00"))
    segment.write_bytes(segment.frame([pageview("10:01")])[:-1])
    segment.die()
    rig.step("10:35:02")
    assert rig.archived() == ["1030"]


def test_a_segment_without_a_header_does_not_hold_up_the_others(rig: Rig) -> None:
    rig.seal(pageview("10:00"))
    segment = Segment(rig.spool, DAY, 1)
    segment.die()
    flip_bit(segment.path, 3)
    (problem,) = rig.step("10:35:02").problems
    assert isinstance(problem, SegmentDamagedError)
    assert rig.archived() == ["1030"]


def test_damage_is_reported(rig: Rig) -> None:
    flip_bit(rig.seal(pageview("10:00"), pageview("10:01")), HEADER_BYTES + 30)
    assert [type(problem) for problem in rig.step("10:20").problems] == [SegmentDamagedError]


def test_after_a_restart_the_same_batches_are_skipped(rig: Rig) -> None:
    hits = [pageview("10:00"), pageview("12:00"), pageview("14:00")]
    rig.seal(*hits)
    rig.step("13:00")
    assert rig.archived() == ["1030", "1230"]
    rig.start()
    taken = rig.step("14:10:02")
    assert (taken.archived, taken.problems) == ([], [])
    counts = counts_of([rig.intake.live()])
    assert total(counts, "visits", "visits") == 1
    assert "visitors" not in str(counts["visits"])  # counted at 10:00


def test_after_a_restart_a_batch_that_is_missing_is_archived(rig: Rig) -> None:
    rig.seal(pageview("10:00"), pageview("12:00"))
    rig.step("13:00")
    rig.archive.set_aside(DAY, "1030-1")
    rig.start()
    rig.step("13:00")
    assert rig.archived() == ["1030", "1230"]


@pytest.mark.parametrize("harm", ["more", "less", "gone"])
def test_a_batch_that_comes_out_otherwise_is_reported_and_the_archive_stands(rig: Rig, harm: str) -> None:
    paths = [rig.seal(pageview("10:00", visitor=number)) for number in range(2)]
    rig.step("13:00")
    before = rig.archive.manifests(DAY)
    for path in {"more": [], "less": paths[:1], "gone": paths}[harm]:
        path.unlink()
    if harm == "more":
        rig.seal(pageview("10:00", visitor=3))
    rig.start()
    (problem,) = rig.step("13:00").problems
    assert isinstance(problem, BatchMismatchError)
    assert rig.archive.manifests(DAY) == before


def test_a_record_behind_the_fence_is_counted_and_reported(rig: Rig) -> None:
    rig.seal(pageview("10:00"))
    rig.step("12:00:02")
    rig.seal(pageview("11:00", visitor=2))
    (problem,) = rig.step("13:00:02").problems
    assert "1 records" in str(problem)
    assert rig.archived() == ["1030", "1230"]
    assert rig.step("13:10").problems == []


def test_nothing_new_archives_nothing(rig: Rig) -> None:
    taken = rig.step("10:00:02")
    assert (taken.records, taken.archived) == (0, [])
    assert rig.intake.through == Window.of(at("09:55"))


def test_a_day_is_over_once_its_last_window_is_cut(rig: Rig) -> None:
    rig.seal(pageview("23:59"))
    rig.step("23:59:59")
    assert rig.intake.over == set()
    rig.step("00:00:02", "2026-03-11")
    assert rig.intake.over == {DAY}
    assert rig.archived() == ["2355"]
    rig.intake.close(DAY)
    assert rig.intake.over == set()
    assert not (rig.spool / DAY.isoformat()).exists()


def test_while_yesterday_waits_for_a_seal_today_is_read_but_not_cut(rig: Rig) -> None:
    segment = Segment(rig.spool, DAY, 1)
    segment.write(pageview("23:58"))
    today = pageview("00:01", visitor=2, at=at("00:01", "2026-03-11"))
    rig.seal(today)
    rig.step("00:40", "2026-03-11")
    assert (rig.intake.over, rig.intake.through) == (set(), None)
    assert rig.archive.manifests(NEXT_DAY) == ([], [])
    assert total(counts_of([rig.intake.live()]), "visits", "visits") == 2
    segment.seal()
    rig.step("00:40:01", "2026-03-11")
    assert rig.intake.over == {DAY}
    assert len(rig.archive.manifests(NEXT_DAY)[0]) == 1


def test_days_that_pile_up_while_it_was_down_are_all_archived(rig: Rig) -> None:
    days = ["2026-03-10", "2026-03-11", "2026-03-12"]
    hits = [pageview("10:00", at=at("10:00", day)) for day in days]
    for hit in hits:
        rig.seal(hit)
    taken = rig.step("10:05", "2026-03-12")
    assert rig.intake.over == {DAY, NEXT_DAY}
    assert [manifest.day for manifest in taken.archived] == [DAY, NEXT_DAY]
    assert counts_of([rig.intake.live()]) == oracle_counts(hits[2:])


def test_a_compacted_day_is_not_read_again(rig: Rig) -> None:
    rig.seal(pageview("10:00"))
    rig.archive.write_day(DAY, {})
    assert rig.step("00:00:02", "2026-03-11").records == 0
    assert rig.intake.over == {DAY}


def test_starting_over_reads_a_day_again_and_archives_what_is_missing(rig: Rig) -> None:
    rig.seal(pageview("10:00"), pageview("12:00"), pageview("14:00"))
    rig.step("14:10:02")
    live = counts_of([rig.intake.live()])
    rig.archive.set_aside(DAY, "1030-1")
    rig.intake.start_over(DAY)
    assert rig.intake.through is None
    taken = rig.step("14:10:03")
    assert [manifest.stem for manifest in taken.archived] == ["1030-1"]
    assert counts_of([rig.intake.live()]) == live
    assert rig.intake.through == Window.of(at("14:05"))


def test_starting_over_a_day_that_is_closed_does_nothing(rig: Rig) -> None:
    rig.step("14:10:02")
    rig.intake.start_over(DAY)
    assert rig.intake.through == Window.of(at("14:05"))


def test_what_a_forgotten_site_has_left_in_the_spool_does_not_come_back(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive", 1)
    gone, stays = pageview("10:00", site="gone.example"), pageview("10:01")
    sealed_segment(tmp_path / "spool", DAY, gone, stays)
    intake = Intake(tmp_path / "spool", archive, local_time(), [ForgottenSite("gone.example", at("12:00"))])
    intake.raise_fence(at("11:00"))
    assert intake.take().records == 2
    sites = {row["site"] for part in archive.manifests(DAY)[0] for row in archive.read(part, "batches").to_pylist()}
    assert sites == {"example.com"}


def test_free_memory_goes_back_at_the_first_look_and_then_once_an_hour(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = list[str]()
    for clock in ("10:05:02", "10:10:02", "10:10:07", "11:00:02", "11:05:02", "11:55:02", "12:05:02", "15:20:02"):
        monkeypatch.setattr(intake_module, "release_free_memory", lambda clock=clock: released.append(clock))
        rig.step(clock)
    assert released == ["10:05:02", "11:05:02", "12:05:02", "15:20:02"]
