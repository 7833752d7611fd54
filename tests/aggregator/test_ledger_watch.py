"""The ledger in the aggregator's loop: 0 in normal operation, an alarm for whatever is lost or counted twice."""

import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from aggregator.ledger_watch import INTERVAL_SECONDS, LedgerReport, stopped_report
from collector.tally import WorkerTally
from schema.batch import DAY_MS
from schema.hit import Record, RejectedHit, Rejection
from schema.tally_format import TALLY, decode_tally, encode_entry
from support.batches import flip_bit
from support.embedded import clean_store, shared_store
from support.hits import at, engagement, pageview
from support.processes import wait_until
from support.random_records import START, ZONES
from support.rig import DAY, Rig
from support.segments import Segment

BOT = RejectedHit("a.example", at("10:07"), Rejection.BOT)


class LedgerRig(Rig):
    """An aggregator, and a worker's spool and tally made by hand."""

    def steps(self, now_ms: int) -> None:
        """Enough of them for a difference to be certain."""
        for number in range(3):
            self.step(now_ms + number * 2000)

    def work(self, *found: Record, tallied: int | None = None) -> Path:
        """A worker's life: a segment and its tally, which knows only of `tallied` records if given."""
        segment, tally = Segment(self.settings.spool_dir, DAY, self.now_ms), WorkerTally()
        segment.write(*found)
        tally.begin(segment.directory, segment.name)
        tally.add(found[:tallied])
        path = segment.seal()
        if tallied is None:
            tally.complete()
        tally.close()
        return path

    @property
    def report(self) -> LedgerReport:
        report = self.aggregator.ledger(None, 0)
        assert report is not None
        return report

    @property
    def problems(self) -> object:
        return self.aggregator.status()["problems"]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[LedgerRig]:
    with shared_store() as store:
        yield LedgerRig(tmp_path, store)


def figures(report: LedgerReport) -> tuple[int, ...]:
    rows = report.rows
    rejected = sum(sum(row.rejected.values()) for row in rows)
    sums = [sum(getattr(row, name) for row in rows) for name in ("received", "counted", "pending", "difference")]
    return sums[0], sums[1], rejected, sums[2], sums[3]


def test_received_is_counted_rejected_or_pending_from_the_first_hit_to_the_last(rig: LedgerRig) -> None:
    rig.work(pageview("10:05", event_id=5), pageview("10:06", event_id=5), BOT, engagement("10:08", 9, visitor=2))
    rig.steps(at("10:09"))
    assert figures(rig.report) == (4, 0, 0, 4, 0)
    rig.steps(at("10:11"))
    assert figures(rig.report) == (4, 0, 2, 2, 0)
    rig.steps(at("10:50"))
    assert figures(rig.report) == (4, 1, 3, 0, 0)
    assert rig.step(START + DAY_MS + 2000).closed == [DAY]
    rig.steps(START + DAY_MS + INTERVAL_SECONDS * 2000)
    assert figures(rig.report) == (0, 0, 0, 0, 0)
    assert rig.problems == {}


def test_hours_are_those_of_the_sites_own_clocks(rig: LedgerRig) -> None:
    rig.work(*(pageview(clock, site=site) for site in ZONES for clock in ("10:10", "10:20", "10:40", "23:50")))
    rig.steps(at("10:50"))
    assert [row for row in rig.report.rows if row.difference] == []
    starts = {(row.site, row.hour % 3600 // 60) for row in rig.report.rows}
    assert starts == {("a.example", 0), ("b.example", 15), ("c.example", 30)}


def test_after_a_restart_it_is_the_same(rig: LedgerRig) -> None:
    rig.work(pageview("10:05"), BOT)
    rig.steps(at("10:50"))
    before = rig.report.rows
    rig.start()
    rig.steps(at("10:51"))
    assert rig.report.rows == before
    assert rig.problems == {}


def test_what_a_worker_that_died_had_not_said_is_no_difference(rig: LedgerRig) -> None:
    rig.work(pageview("10:05"), pageview("10:06"), tallied=1)
    rig.steps(at("10:50"))
    assert sum(row.unvouched for row in rig.report.rows) == 1
    assert rig.problems == {}


@pytest.mark.parametrize(
    "loss", ["a segment", "a tally entry", "a row of the ledger", "a rejection", "a damaged header"]
)
def test_a_loss_is_an_alarm_with_site_and_hour_and_a_figure(rig: LedgerRig, loss: str) -> None:
    path = rig.work(pageview("10:05", site="a.example"), BOT)
    rig.steps(at("10:50"))
    assert rig.problems == {}
    rig.work(pageview("10:51", site="b.example"))
    if loss == "a segment":
        path.unlink()
    elif loss == "a damaged header":
        flip_bit(path, 5)
        rig.start()
    elif loss == "a tally entry":
        tally = path.with_suffix(TALLY)
        tally.write_bytes(_next_entry(tally.read_bytes()))
    else:
        rig.store.execute(f"TRUNCATE TABLE {'batches' if loss == 'a row of the ledger' else 'rejections'}")
    rig.steps(at("10:52") + int(INTERVAL_SECONDS) * 1000)
    problems = rig.problems
    assert isinstance(problems, dict)
    assert problems["LedgerDifferenceError"] >= 1
    if loss != "a tally entry":
        assert rig.report.by_site()["a.example"] > 0
        assert rig.aggregator.status()["ledger_difference"] == dict(rig.report.by_site())
        assert "the ledger of a.example differs by" in rig.aggregator.alarms.latest[-1]
    assert rig.report.by_site()["b.example"] == 0
    count = problems["LedgerDifferenceError"]
    rig.steps(at("10:55"))
    assert rig.problems == {**problems, "LedgerDifferenceError": count}, "said once"


def _next_entry(line: bytes) -> bytes:
    """The entry with the number after its own: the first one is gone."""
    (entry,) = decode_tally(line).entries
    return encode_entry(1, entry.segment, True, entry.tallied)


def test_what_is_lost_before_the_day_is_closed_is_an_alarm_at_its_close(rig: LedgerRig) -> None:
    path = rig.work(pageview("10:05", site="a.example"))
    rig.work(pageview("10:05", site="b.example"))
    path.unlink()
    assert rig.step(START + DAY_MS + 2000).closed == [DAY]
    assert rig.problems == {"LedgerDifferenceError": 1}


def test_a_day_closed_while_the_store_is_down_is_compared_with_the_archive(rig: LedgerRig) -> None:
    rig.work(pageview("10:05"), BOT)
    rig.store.is_down = True
    assert rig.step(START + DAY_MS + 2000).closed == [DAY]
    assert rig.problems == {}


@pytest.mark.parametrize("name", ["1035-1.json", "1035-1.batches.parquet"])
def test_a_batch_found_damaged_while_comparing_with_the_archive_is_made_anew(rig: LedgerRig, name: str) -> None:
    rig.work(pageview("10:05"))
    rig.store.is_down = True
    rig.step(at("11:00"))
    flip_bit(rig.settings.archive_dir / DAY.isoformat() / name, 150)
    assert rig.step(START + DAY_MS + 2000).closed == []
    assert rig.step(START + DAY_MS + 3000).closed == [DAY]
    assert rig.problems == {"ArchiveDamagedError": 1}


def test_a_segment_missed_once_while_it_is_renamed_is_no_difference(rig: LedgerRig) -> None:
    path = rig.work(pageview("10:05"))
    rig.steps(at("10:50"))
    hidden = path.with_suffix(".hidden")
    path.rename(hidden)
    rig.step(at("10:52"))
    hidden.rename(path)
    rig.steps(at("10:53"))
    assert rig.report.difference == 0
    assert rig.problems == {}


def test_a_day_whose_closing_was_interrupted_is_not_compared_again(rig: LedgerRig) -> None:
    path = rig.work(pageview("10:05"), BOT)
    content = path.read_bytes()
    rig.step(START + DAY_MS + 2000)
    path.parent.mkdir()
    path.write_bytes(content)
    tallies = WorkerTally()
    tallies.begin(path.parent, "1234567890123-0123456789abcdef")
    tallies.add([pageview("10:05")] * 7)
    tallies.close()
    rig.start()
    assert rig.step(START + DAY_MS + 3000).closed == [DAY]
    assert rig.problems == {}


def test_the_hours_of_a_closed_day_are_there_for_who_asks(rig: LedgerRig) -> None:
    rig.work(pageview("10:05"), BOT)
    rig.step(START + DAY_MS + 2000)
    rig.steps(START + DAY_MS + 3000)
    report = rig.aggregator.ledger(DAY, 0)
    assert report is not None
    assert figures(report) == (2, 1, 1, 0, 0)


@pytest.mark.parametrize("lost", ["batches", "rejections"])
def test_what_the_store_lost_of_a_closed_day_is_a_difference_from_the_archive(rig: LedgerRig, lost: str) -> None:
    rig.work(pageview("10:05"), BOT)
    rig.step(START + DAY_MS + 2000)
    rig.steps(START + DAY_MS + 3000)
    rig.store.real.execute(f"TRUNCATE TABLE {lost}")
    report = rig.aggregator.ledger(DAY, 0)
    assert report is not None
    assert sum(row.received for row in report.rows) == 2
    assert report.difference == (2 if lost == "batches" else 1)


def test_what_cannot_be_read_of_a_closed_days_archive_is_said_and_left_where_it_is(rig: LedgerRig) -> None:
    rig.work(pageview("10:05"), BOT)
    rig.step(START + DAY_MS + 2000)
    rig.steps(START + DAY_MS + 3000)
    path = rig.settings.archive_dir / DAY.isoformat() / "day.1.batches.parquet"
    flip_bit(path)
    report = rig.aggregator.ledger(DAY, 0)
    assert report is not None
    assert any("batches.parquet" in problem for problem in report.problems)
    assert path.exists()


def test_who_asks_gets_a_fresh_one(rig: LedgerRig) -> None:
    rig.steps(at("10:05:10"))
    rig.work(pageview("10:05"))
    found: list[LedgerReport | None] = []
    thread = threading.Thread(target=lambda: found.append(rig.aggregator.ledger(None, 30)))
    thread.start()
    wait_until(lambda: rig.step(rig.now_ms + 1100) and found)
    thread.join()
    assert found[0] is not None
    assert figures(found[0]) == (1, 0, 0, 1, 0)


def test_while_nothing_runs_what_is_in_no_batch_is_pending(rig: LedgerRig) -> None:
    rig.work(pageview("10:05"), BOT)
    rig.steps(at("10:20"))
    day: date | None
    for day in (None, DAY):
        report = stopped_report(rig.settings, rig.store.real, day, rig.now_ms)
        assert figures(report) == (2, 0, 1, 1, 0)
    clean_store(rig.store.real)
    rig.settings.spool_dir.rename(rig.settings.data_dir / "gone")
    assert stopped_report(rig.settings, rig.store.real, None, rig.now_ms).rows == ()
