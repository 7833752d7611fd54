from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.archive import Archive
from aggregator.delivery import Delivery
from aggregator.intake import Intake
from schema.batch import utc_day
from schema.errors import StoreUnavailableError
from schema.store import Store
from support.batches import archive_of
from support.counts import local_time, total
from support.embedded import shared_store
from support.fallible_store import FallibleStore
from support.hits import at, pageview
from support.segments import sealed_segment
from support.visible import visible_counts

HITS = [pageview("10:00"), pageview("12:00", visitor=2)]
DAY = utc_day(at("10:00"))


class Rig:
    """A delivery from an archive of its own, with a clock that a test turns."""

    def __init__(self, directory: Path, store: Store) -> None:
        self.seconds = 0.0
        self.store = FallibleStore(store)
        self.spool = directory / "spool"
        self.archive = Archive(directory / "archive", 1)
        self.intake = Intake(self.spool, self.archive, local_time())
        self.delivery = Delivery(self.archive, self.store, local_time(), 5, lambda: self.seconds)

    def take(self, clock: str) -> None:
        self.intake.raise_fence(at(clock))
        self.delivery.add(self.intake.take().archived)

    def show(self, records: int = 0) -> bool:
        return self.delivery.show(self.intake, records, 123)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with shared_store() as store:
        yield Rig(tmp_path, store)


def visits(rig: Rig) -> int:
    return int(total(visible_counts(rig.store.real), "visits", "visits"))


def test_at_first_the_whole_archive_is_compared(rig: Rig) -> None:
    archive_of(rig.archive.root, HITS)
    assert rig.delivery.load().inserted_rows > 0
    assert rig.delivery.is_caught_up
    assert visits(rig) == 2


def test_once_all_is_loaded_the_store_is_not_asked(rig: Rig) -> None:
    rig.delivery.load()
    rig.store.is_down = True
    rig.delivery.load()
    assert rig.delivery.trouble == ""


def test_while_the_store_is_down_batches_wait(rig: Rig) -> None:
    rig.delivery.load()
    rig.store.is_down = True
    rig.delivery.add(archive_of(rig.archive.root, HITS)[1])
    rig.delivery.load()
    assert (rig.delivery.trouble, rig.delivery.waiting) == ("no answer", 2)
    rig.store.is_down = False
    rig.delivery.load()
    assert rig.delivery.waiting == 2  # not so soon again
    rig.seconds += 1
    rig.delivery.load()
    assert (rig.delivery.trouble, rig.delivery.waiting, visits(rig)) == ("", 0, 2)


def test_a_store_that_was_lost_is_filled_again(rig: Rig) -> None:
    archive_of(rig.archive.root, HITS)
    rig.delivery.load()
    rig.store.execute("TRUNCATE TABLE visits")
    rig.delivery.reconcile()
    rig.delivery.load()
    assert visits(rig) == 2


def test_nothing_is_shown_before_the_first_windows_are_cut(rig: Rig) -> None:
    rig.delivery.load()
    assert not rig.show()
    rig.take("10:00:02")
    assert rig.show()
    assert rig.delivery.has_shown


def test_nothing_is_shown_while_a_batch_that_it_leaves_out_is_not_loaded(rig: Rig) -> None:
    sealed_segment(rig.spool, DAY, *HITS)
    rig.delivery.load()
    rig.take("11:00:02")
    assert not rig.show()
    rig.delivery.load()
    assert rig.show()
    assert visits(rig) == 2


def test_a_snapshot_is_taken_when_there_is_something_new_and_the_interval_is_over(rig: Rig) -> None:
    rig.delivery.load()
    rig.take("10:00:02")
    assert rig.show(records=1)
    assert not rig.show(records=2)
    rig.seconds += 5
    assert rig.show(records=2)
    rig.seconds += 5
    assert not rig.show(records=2)
    rig.take("10:05:02")
    assert rig.show(records=2)


def test_a_snapshot_that_fails_is_tried_again(rig: Rig) -> None:
    rig.delivery.load()
    rig.take("10:00:02")
    rig.store.is_down = True
    assert not rig.show()
    assert rig.delivery.trouble == "no answer"
    rig.store.is_down = False
    rig.seconds += 60
    assert rig.show()
    assert rig.delivery.trouble == ""


def test_snapshots_never_take_more_than_a_tenth_of_the_time(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds_each = 3.0
    write = rig.store.real.execute

    def slow(sql: str) -> None:
        if "INSERT INTO live_snapshots" in sql:
            rig.seconds += seconds_each
        write(sql)

    monkeypatch.setattr(rig.store.real, "execute", slow)
    rig.delivery.load()
    rig.take("10:00:02")
    shown = 0
    while rig.seconds < 1000:  # looks several times a second, with something new each time
        shown += rig.show(records=int(10 * rig.seconds) + 1)
        rig.seconds += 0.25
    assert seconds_each * shown <= rig.seconds / 10 + seconds_each
    assert shown > 25


def test_snapshots_that_fail_take_no_more_of_the_time(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.delivery.load()
    rig.take("10:00:02")
    tried = 0

    def slow(sql: str) -> None:
        nonlocal tried
        tried += 1
        rig.seconds += 20
        raise StoreUnavailableError("no answer")

    monkeypatch.setattr(rig.store, "execute", slow)
    while rig.seconds < 1000:
        rig.show(records=int(10 * rig.seconds) + 1)
        rig.seconds += 0.25
    assert 20 * tried <= rig.seconds / 10 + 20
