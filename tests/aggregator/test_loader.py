"""Exactly once: whatever happens between two steps, the store ends up with what the archive has."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from aggregator import loader as loader_module
from aggregator.archive import Archive
from aggregator.compaction import compact_day
from aggregator.loader import Loader
from schema.batch import utc_day
from schema.errors import ArchiveDamagedError, BatchMismatchError, StoreUnavailableError
from schema.hit import RejectedHit, Rejection
from schema.rollups import ROLLUPS
from schema.store import Store
from support.batches import archive_of, flip_bit
from support.embedded import shared_store
from support.fallible_store import FallibleStore
from support.hits import at, event, pageview
from support.stored_rows import archived, counts, stored

DAY = utc_day(at("10:00"))
HITS = [pageview("10:00"), pageview("12:00", visitor=2), pageview("15:00", visitor=3)]
OF_ALL_KINDS = [
    *HITS,
    event("16:00", "buy", props=(("plan", "x"),), screen="m"),
    RejectedHit("", at("09:00"), Rejection.BOT),
]


@pytest.fixture
def store() -> Iterator[Store]:
    with shared_store() as store:
        yield store


def test_batches_are_loaded(tmp_path: Path, store: Store) -> None:
    archive, manifests = archive_of(tmp_path, OF_ALL_KINDS)
    assert {name for manifest in manifests for name in manifest.tables} == {rollup.name for rollup in ROLLUPS}
    report = Loader(archive, store).load(manifests)
    assert counts(store) == archived(archive, manifests)
    assert report.inserted_rows == sum(counts(store).values())
    assert report.problems == []


def test_loading_twice_does_nothing_the_second_time(tmp_path: Path, store: Store) -> None:
    archive, manifests = archive_of(tmp_path, HITS)
    Loader(archive, store).load(manifests)
    before = stored(store)
    assert Loader(archive, store).load(manifests).inserted_rows == 0
    assert stored(store) == before


def test_many_batches_of_a_table_are_one_insert(tmp_path: Path, store: Store) -> None:
    archive, manifests = archive_of(tmp_path, HITS)
    watched = FallibleStore(store)
    Loader(archive, watched).load(manifests)
    assert [table for table, _ in watched.inserts] == [name for name, rows in counts(store).items() if rows]


def test_a_block_is_never_larger_than_an_insert_may_be(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader_module, "MAX_CHUNK_ROWS", 1)
    archive, manifests = archive_of(tmp_path, HITS)
    watched = FallibleStore(store)
    Loader(archive, watched).load(manifests)
    assert [table for table, _ in watched.inserts].count("visits") == 3
    assert counts(store) == archived(archive, manifests)


@pytest.mark.parametrize("fault", ["lose_before", "lose_answer", "lose_silently"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_fault_at_any_insert_is_made_good_by_the_next_load(
    tmp_path: Path, store: Store, fault: str, number: int
) -> None:
    archive, manifests = archive_of(tmp_path, HITS)
    faulty = FallibleStore(store)
    setattr(faulty, fault, number)
    loader = Loader(archive, faulty)
    try:
        loader.load(manifests)
    except StoreUnavailableError:
        assert fault != "lose_answer"
        assert loader.load(manifests).problems == []
    assert counts(store) == archived(archive, manifests)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_restart_after_any_insert_loads_the_rest(tmp_path: Path, store: Store, number: int) -> None:
    archive, manifests = archive_of(tmp_path, HITS)
    with pytest.raises(StoreUnavailableError):
        Loader(archive, FallibleStore(store, lose_before=number)).load(manifests)
    Loader(archive, store).load(manifests)
    assert counts(store) == archived(archive, manifests)


def test_an_insert_that_an_earlier_process_may_have_left_running_is_ended_before_the_first_check(
    tmp_path: Path, store: Store
) -> None:
    archive, manifests = archive_of(tmp_path, HITS)
    watched = FallibleStore(store)
    loader = Loader(archive, watched)
    loader.load(manifests)
    assert set(watched.cancelled) == {query_id for _, query_id in watched.inserts}
    watched.cancelled.clear()
    loader.load(manifests)
    assert watched.cancelled == []


def test_an_insert_of_unknown_outcome_is_ended_before_the_next_check(tmp_path: Path, store: Store) -> None:
    archive, manifests = archive_of(tmp_path, HITS)
    watched = FallibleStore(store, lose_answer=2)
    Loader(archive, watched).load(manifests)
    assert watched.cancelled.count(watched.inserts[1][1]) == 2  # at the start, and then


def test_a_node_has_at_most_one_insert_per_table_running(tmp_path: Path, store: Store) -> None:
    archive, manifests = archive_of(tmp_path, HITS)
    watched = FallibleStore(store)
    Loader(archive, watched).load(manifests[:1])
    Loader(archive, watched).load(manifests[1:])
    ids = {table: {query_id for other, query_id in watched.inserts if other == table} for table, _ in watched.inserts}
    assert [len(of_table) for of_table in ids.values()] == [1] * len(ids)
    assert len(set.union(*ids.values())) == len(ids)


@pytest.mark.parametrize("harm", ["fewer rows", "more rows", "another sum"])
def test_a_batch_that_differs_is_reported_and_left_alone(tmp_path: Path, store: Store, harm: str) -> None:
    archive, manifests = archive_of(tmp_path, [pageview("10:00", path="/a"), pageview("10:01", path="/b"), *HITS])
    rows = archive.read(manifests[0], "pageviews")
    if harm == "fewer rows":
        rows = rows.slice(0, rows.num_rows - 1)
    if harm == "more rows":
        rows = pa.concat_tables([rows, rows.slice(0, 1)])
    if harm == "another sum":
        where = rows.column_names.index("exits")
        rows = rows.set_column(where, rows.field(where), pa.array([9] * rows.num_rows, pa.uint32()))
    store.insert("pageviews", rows, "q")
    (problem,) = Loader(archive, store).load(manifests).problems
    assert isinstance(problem, BatchMismatchError)
    expected = archived(archive, manifests)
    assert counts(store) == expected | {
        "pageviews": expected["pageviews"] - archive.read(manifests[0], "pageviews").num_rows + rows.num_rows
    }


def test_a_damaged_file_is_set_aside_and_the_rest_is_loaded(tmp_path: Path, store: Store) -> None:
    archive, manifests = archive_of(tmp_path, HITS)
    flip_bit(archive.directory(DAY) / f"{manifests[1].stem}.pageviews.parquet")
    report = Loader(archive, store).load(manifests)
    assert report.damaged == [manifests[1]]
    assert isinstance(report.problems[0], ArchiveDamagedError)
    assert archive.manifests(DAY)[0] == [manifests[0], *manifests[2:]]
    assert counts(store)["visits"] == 2


def test_reconciling_loads_what_is_missing_of_any_day_and_node(tmp_path: Path, store: Store) -> None:
    archive, manifests = archive_of(tmp_path, HITS)
    _, others = archive_of(tmp_path, HITS, node=2)
    _, earlier = archive_of(tmp_path, [pageview("10:00", at=at("10:00", "2025-12-31"))])
    Loader(archive, store).load(manifests[1:])
    Loader(archive, store).reconcile()
    assert counts(store) == archived(archive, [*manifests, *others, *earlier])
    assert Loader(archive, store).reconcile().inserted_rows == 0


def test_what_was_loaded_in_parts_is_known_when_compacted(tmp_path: Path, store: Store) -> None:
    archive, manifests = archive_of(tmp_path, HITS)
    Loader(archive, store).load(manifests)
    compact_day(archive, DAY)
    assert Loader(archive, store).reconcile().inserted_rows == 0


def test_an_empty_store_is_filled_from_compacted_days(tmp_path: Path, store: Store) -> None:
    archive, manifests = archive_of(tmp_path, HITS)
    expected = archived(archive, manifests)
    compact_day(archive, DAY)
    Loader(archive, store).reconcile()
    assert counts(store) == expected


def test_rows_of_other_nodes_are_not_taken_for_ours(tmp_path: Path, store: Store) -> None:
    archive, manifests = archive_of(tmp_path / "1", HITS)
    other, others = archive_of(tmp_path / "2", HITS, node=2)
    Loader(other, store).load(others)
    Loader(archive, store).load(manifests)
    assert counts(store) == {name: 2 * rows for name, rows in archived(archive, manifests).items()}


def test_nothing_to_load_asks_the_store_nothing(tmp_path: Path, store: Store) -> None:
    watched = FallibleStore(store)
    Loader(Archive(tmp_path, 1), watched).reconcile()
    assert not watched.inserts
    assert not watched.cancelled
