from collections.abc import Iterator
from datetime import date

import pytest

from aggregator.live import LiveWriter
from aggregator.rollup import Tables
from schema.batch import MAX_CHUNK, Window, batch_number
from schema.errors import StoreUnavailableError
from schema.live import SNAPSHOTS, live_table, newest_snapshots
from schema.store import Store
from support.batches import windows_of
from support.embedded import shared_store
from support.fallible_store import FallibleStore
from support.hits import at, pageview

DAY = date(2026, 3, 10)
THROUGH = Window.of(at("09:55"))


@pytest.fixture
def store() -> Iterator[Store]:
    with shared_store() as store:
        yield store


def tables(visitors: int) -> Tables:
    (found,) = windows_of([pageview("10:00", visitor=number) for number in range(visitors)]).values()
    return found


def shown(store: Store, node: int = 1) -> int:
    """Visits in the newest snapshot of a node."""
    (snapshot,) = (snapshot for snapshot in newest_snapshots(store) if snapshot.node == node)
    ((visits,),) = store.query(f"SELECT sum(visits) FROM {live_table(node, snapshot.slot, 'visits')}")
    return int(visits)


def test_a_snapshot_says_what_it_complements(store: Store) -> None:
    LiveWriter(store, 1).write(tables(2), THROUGH, DAY, 123)
    (snapshot,) = newest_snapshots(store)
    assert (snapshot.node, snapshot.open_day, snapshot.taken_at) == (1, DAY, 123)
    assert batch_number(1, THROUGH, MAX_CHUNK) == snapshot.through < batch_number(1, THROUGH.next)
    assert shown(store) == 2


def test_each_snapshot_replaces_the_one_before(store: Store) -> None:
    writer = LiveWriter(store, 1)
    for visitors in (2, 5, 1):
        writer.write(tables(visitors), THROUGH, DAY, 123)
        assert shown(store) == visitors


def test_a_snapshot_of_nothing_is_empty(store: Store) -> None:
    writer = LiveWriter(store, 1)
    writer.write(tables(2), THROUGH, DAY, 123)
    writer.write({}, THROUGH, DAY, 123)
    writer.write({}, THROUGH, DAY, 123)
    assert shown(store) == 0


def test_nodes_have_snapshots_of_their_own(store: Store) -> None:
    LiveWriter(store, 1).write(tables(2), THROUGH, DAY, 123)
    LiveWriter(store, 2).write(tables(3), THROUGH, DAY, 123)
    assert (shown(store, 1), shown(store, 2)) == (2, 3)


def test_the_next_process_does_not_touch_the_slot_in_use(store: Store) -> None:
    first = LiveWriter(store, 1).write(tables(2), THROUGH, DAY, 123)
    second = LiveWriter(store, 1).write(tables(3), THROUGH, DAY, 123)
    assert second.number == first.number + 1


@pytest.mark.parametrize("where", ["TRUNCATE", "_visits", f"INSERT INTO {SNAPSHOTS}"])
def test_when_the_store_fails_the_snapshot_before_is_still_whole(store: Store, where: str) -> None:
    faulty = FallibleStore(store)
    writer = LiveWriter(faulty, 1)
    writer.write(tables(2), THROUGH, DAY, 123)
    faulty.fail_on = where
    with pytest.raises(StoreUnavailableError):
        writer.write(tables(7), THROUGH, DAY, 123)
    assert shown(store) == 2
    faulty.fail_on = ""
    writer.write(tables(3), THROUGH, DAY, 123)
    assert shown(store) == 3


def test_a_snapshot_whose_answer_was_lost_is_not_overwritten_by_the_next(store: Store) -> None:
    faulty = FallibleStore(store, lose_answer_on=f"INSERT INTO {SNAPSHOTS}")
    writer = LiveWriter(faulty, 1)
    with pytest.raises(StoreUnavailableError):
        writer.write(tables(2), THROUGH, DAY, 123)
    faulty.lose_answer_on, faulty.fail_on = "", f"INSERT INTO {SNAPSHOTS}"
    with pytest.raises(StoreUnavailableError):
        writer.write(tables(7), THROUGH, DAY, 123)
    assert shown(store) == 2
