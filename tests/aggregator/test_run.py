"""The whole of it: at every step of a day, live and batches together are what the independent count says."""

import threading
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings

from schema.batch import DAY_MS, utc_day
from schema.hit import Record
from schema.spool_format import HEADER_BYTES
from support.batches import flip_bit
from support.counts import oracle_counts
from support.embedded import clean_store, shared_store
from support.hits import at, engagement, event, pageview
from support.processes import wait_until
from support.random_records import START, ZONES, records
from support.rig import DAY, Rig
from support.segments import Segment
from support.visible import visible_counts


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with shared_store() as store:
        yield Rig(tmp_path, store)


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records.filter(bool))
def test_what_a_reader_sees_is_the_whole_at_every_step(
    tmp_path_factory: pytest.TempPathFactory, found: list[Record]
) -> None:
    with shared_store() as store:
        rig, written = Rig(tmp_path_factory.mktemp("data"), store), list[Record]()
        for hour in range(0, 25, 6):
            now_ms = START + hour * 3_600_000 + 2000
            fresh = [record for record in found if now_ms - 6 * 3_600_000 <= record.at < now_ms]
            if fresh:
                rig.seal(*fresh)
                written += fresh
            rig.step(now_ms)
            assert visible_counts(store) == oracle_counts(written, ZONES)


def test_the_answers_stay_the_same_live_closed_and_archived(rig: Rig) -> None:
    chance = Random(3)
    found: list[Record] = []
    for visitor in range(60):
        clock = f"{chance.randrange(9, 23):02}:{chance.randrange(60):02}"
        found += [pageview(clock, visitor, "/a"), event(clock, "buy", visitor), engagement(clock, 900, visitor)]
    whole = oracle_counts(found, ZONES)
    rig.seal(*found)
    for clock in ("23:10", "23:59"):
        rig.step(at(clock))
        assert visible_counts(rig.store.real) == whole
    rig.start()
    rig.step(at("23:59:01"))
    assert visible_counts(rig.store.real) == whole
    assert rig.step(START + DAY_MS + 2000).closed == [DAY]
    assert visible_counts(rig.store.real) == whole
    clean_store(rig.store.real)
    rig.start()
    rig.step(START + DAY_MS + 3000)
    assert visible_counts(rig.store.real) == whole


def test_a_closed_day_leaves_no_segment_and_one_file_per_table(rig: Rig) -> None:
    rig.seal(pageview("23:00"))
    flip_bit(rig.seal(pageview("22:00"), pageview("22:01")), HEADER_BYTES + 30)
    rig.step(at("23:10"))
    assert rig.status["problems"] == {"SegmentDamagedError": 1}
    rig.step(START + DAY_MS + 2000)
    assert [path.name for path in rig.settings.spool_dir.rglob("*") if path.is_file()] == ["fence"]
    names = {path.name for path in (rig.settings.archive_dir / DAY.isoformat()).iterdir()}
    assert names == {"day.1.json", *(f"day.1.{name}.parquet" for name in ("pageviews", "visits", "batches"))}


def test_a_day_without_hits_is_closed_as_well(rig: Rig) -> None:
    rig.seal(day=DAY)
    assert rig.step(START + DAY_MS + 2000).closed == [DAY]
    assert not rig.settings.archive_dir.exists()


@pytest.mark.parametrize("remnant", ["a segment", "an empty directory"])
def test_closing_a_day_can_be_interrupted_and_done_again(rig: Rig, remnant: str) -> None:
    rig.seal(pageview("23:00"))
    rig.step(START + DAY_MS + 2000)
    if remnant == "a segment":
        rig.seal(pageview("23:00"))
    (rig.settings.spool_dir / DAY.isoformat()).mkdir(exist_ok=True)
    rig.start()
    assert rig.step(START + DAY_MS + 3000).closed == [DAY]
    assert rig.visits() == 1


def test_closing_a_day_makes_good_what_the_store_has_lost_of_any_day(rig: Rig) -> None:
    rig.seal(pageview("10:00"))
    rig.step(at("11:00"))
    rig.store.execute("TRUNCATE TABLE visits")
    assert rig.step(START + DAY_MS + 2000).loaded_rows == 1
    assert rig.visits() == 1


def test_while_the_store_is_down_the_archive_goes_on(rig: Rig) -> None:
    rig.seal(pageview("10:00"))
    rig.step(at("10:10"))
    rig.store.is_down = True
    report = rig.step(at("11:00"))
    assert (report.archived, report.loaded_rows) == (1, 0)
    assert (rig.status["ready"], rig.status["store"], rig.status["batches_waiting"]) == (False, "no answer", 1)
    rig.store.is_down = False
    assert rig.step(at("11:02")).loaded_rows > 0
    assert (rig.status["ready"], rig.status["batches_waiting"]) == (True, 0)
    assert rig.visits() == 1


def test_a_day_is_closed_even_while_the_store_is_down_and_loaded_later(rig: Rig) -> None:
    rig.seal(pageview("10:00"))
    rig.store.is_down = True
    assert rig.step(START + DAY_MS + 2000).closed == [DAY]
    assert not (rig.settings.spool_dir / DAY.isoformat()).exists()
    rig.store.is_down = False
    rig.step(START + DAY_MS + 120_000)
    assert rig.visits() == 1


def test_a_restart_while_batches_wait_loads_them(rig: Rig) -> None:
    rig.seal(pageview("10:00"))
    rig.store.is_down = True
    rig.step(at("11:00"))
    rig.store.is_down = False
    rig.start()
    rig.step(at("11:00:01"))
    assert rig.visits() == 1


def test_at_midnight_nobody_disappears_while_the_next_days_first_segment_is_open(rig: Rig) -> None:
    tomorrow = START + DAY_MS
    rig.seal(*[pageview("23:50", visitor=visitor) for visitor in range(50)])
    rig.step(tomorrow - 1000)
    assert rig.visits() == 50
    first = Segment(rig.settings.spool_dir, utc_day(tomorrow), tomorrow)
    for number, now_ms in enumerate((tomorrow + 1500, tomorrow + 2600, tomorrow + 3700), start=1):
        first.write(pageview("00:00:01", visitor=100 + number, day=utc_day(tomorrow).isoformat()))
        rig.step(now_ms)
        assert rig.visits() == 50 + number
    first.seal()
    for now_ms in (tomorrow + 5000, tomorrow + 6500):
        rig.step(now_ms)
        assert rig.visits() == 53


def test_rows_that_differ_from_the_archive_are_an_alarm_and_no_obstacle(rig: Rig) -> None:
    rig.seal(pageview("10:00"))
    rig.step(at("11:00"))
    rig.store.execute("INSERT INTO visits SELECT * FROM visits")
    rig.start()
    assert rig.step(at("11:00:01")).has_shown
    assert rig.status["problems"] == {"BatchMismatchError": 1}


def test_it_is_ready_once_the_first_snapshot_is_taken(rig: Rig) -> None:
    assert not rig.status["ready"]
    rig.step(at("10:00:02"))
    assert rig.status == {
        "ready": True,
        "store": "ok",
        "lag_seconds": 0,
        "batches_waiting": 0,
        "counted_through": at("10:00") // 1000,
        "alarms": 0,
        "problems": {},
        "ledger_difference": {},
        "latest_problems": [],
        "backup": "off",
        "backup_completed": 0,
        "pruning": "ok",
    }


def test_a_worker_that_never_seals_makes_it_lag(rig: Rig) -> None:
    rig.step(at("10:00:02"))
    segment = Segment(rig.settings.spool_dir, DAY, 1)
    segment.write(pageview("10:03"))
    rig.step(at("10:05:02"))
    assert (rig.status["ready"], rig.status["lag_seconds"]) == (True, 0)
    rig.step(at("10:07:02"))
    assert (rig.status["ready"], rig.status["lag_seconds"]) == (False, 120)
    segment.seal()
    rig.step(at("10:07:03"))
    assert rig.status["ready"]


def test_the_loop_steps_until_told_to_stop(rig: Rig) -> None:
    rig.seal(pageview("00:00"))
    stop = threading.Event()
    rig.now_ms = at("00:10")
    thread = threading.Thread(target=rig.aggregator.run, args=(stop,))
    thread.start()
    wait_until(lambda: rig.status["ready"])
    stop.set()
    thread.join()
    assert rig.visits() == 1


def test_what_is_fatal_ends_the_loop(rig: Rig) -> None:
    rig.seal(pageview("10:00"))
    rig.now_ms = at("11:00")
    rig.settings.archive_dir.parent.mkdir(exist_ok=True)
    rig.settings.archive_dir.write_text("not a directory")
    with pytest.raises(OSError, match="archive"):
        rig.aggregator.run(threading.Event())
