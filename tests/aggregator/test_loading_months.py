"""Exactly once, of many months: what goes into one insert, what is asked when, and what a fault half-way leaves."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from aggregator import loader as loader_module
from aggregator.archive import Archive
from aggregator.loader import Loader, LoadReport
from schema.errors import StoreUnavailableError
from schema.store import NO_PARAMETERS, Parameters, Row, Store
from support.batches import archive_of
from support.embedded import shared_store
from support.fallible_store import FallibleStore
from support.hits import at, pageview
from support.stored_rows import archived, counts, whole


@pytest.fixture
def store() -> Iterator[Store]:
    with shared_store() as store:
        yield store


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """One page view a month."""
    for month in (1, 2, 3):
        archive, _ = archive_of(tmp_path, [pageview("10:00", at=at("10:00", f"2026-0{month}-02"))])
    return archive


class OrderedStore(FallibleStore):
    """Takes so many months at once; notes in which order it was asked what."""

    months_per_insert = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        self.capabilities = replace(self.capabilities, months_per_insert=self.months_per_insert)
        self.order: list[str] = []

    def query(self, sql: str, parameters: Parameters = NO_PARAMETERS) -> list[Row]:
        self.order.append("any" if sql.startswith("SELECT 1 ") else "figures")
        return super().query(sql, parameters)

    def insert(self, table: str, rows: pa.Table, query_id: str) -> None:
        self.order.append("insert")
        super().insert(table, rows, query_id)

    def cancel(self, query_id: str) -> None:
        self.order.append("end")
        super().cancel(query_id)


class TwoMonthsStore(OrderedStore):
    """One insert may fill two months."""

    months_per_insert = 2


@pytest.mark.parametrize(("kind", "turns"), [(OrderedStore, 3), (TwoMonthsStore, 2)])
def test_no_insert_has_more_months_than_the_store_takes(
    archive: Archive, store: Store, kind: type[OrderedStore], turns: int
) -> None:
    watched = kind(store)
    Loader(archive, watched).reconcile()
    tables = len({table for table, _ in watched.inserts})
    assert watched.order == ["end", *["any", "insert"] * turns, "figures"] * tables
    assert counts(store) == whole(archive)


def test_nor_more_rows_than_one_block_may_have(archive: Archive, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OrderedStore, "months_per_insert", 3)
    monkeypatch.setattr(loader_module, "MAX_CHUNK_ROWS", 2)
    assert set(whole(archive).values()) == {0, 3}
    watched = OrderedStore(store)
    Loader(archive, watched).reconcile()
    tables = len({table for table, _ in watched.inserts})
    assert watched.order == ["end", "any", "insert", "any", "insert", "figures"] * tables
    assert counts(store) == whole(archive)


def test_what_another_loads_meanwhile_is_not_loaded_twice(archive: Archive, store: Store) -> None:
    class Overtaken(OrderedStore):
        def insert(self, table: str, rows: pa.Table, query_id: str) -> None:
            super().insert(table, rows, query_id)
            if len(self.inserts) == 1:
                assert Loader(archive, store).reconcile().problems == []

    report = Loader(archive, Overtaken(store)).reconcile()
    assert report.problems == []
    assert counts(store) == whole(archive)


def test_a_month_that_was_empty_is_checked_once_something_is_in_it(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader_module, "MAX_CHECKED_CHUNKS", 1)
    archive, manifests = archive_of(tmp_path, [pageview("10:00"), pageview("15:00", visitor=3)])
    report = LoadReport()
    Loader(archive, store).load_months([manifests, manifests], report)
    assert counts(store) == archived(archive, manifests)
    assert report.inserted_rows == sum(counts(store).values())


@pytest.mark.parametrize(("limit", "most"), [("MAX_CHECKED_CHUNKS", 7), ("MAX_CHECKED_ROWS", 7)])
def test_who_waits_hears_of_months_as_soon_as_they_are_checked(
    archive: Archive, store: Store, monkeypatch: pytest.MonkeyPatch, limit: str, most: int
) -> None:
    loader, report, heard = Loader(archive, store), LoadReport(), list[int]()
    months = list(loader.months(report))
    loader.load_months(months, report, heard.append)
    monkeypatch.setattr(loader_module, limit, most)
    loader.load_months(months, report, heard.append)
    assert heard == [3, 2, 3]
    assert counts(store) == whole(archive)


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        *((OrderedStore, number) for number in (1, 2, 5, 9)),
        *((TwoMonthsStore, number) for number in (1, 2, 5)),
        *((FallibleStore, number) for number in (1, 2, 3)),
    ],
)
@pytest.mark.parametrize("fault", ["lose_before", "lose_answer", "lose_silently", "lose_later_months"])
def test_a_fault_while_many_months_are_filled_is_made_good_by_the_next_time(
    archive: Archive, store: Store, kind: type[FallibleStore], fault: str, number: int
) -> None:
    faulty = kind(store)
    setattr(faulty, fault, number)
    loader = Loader(archive, faulty)
    if fault == "lose_answer":
        loader.reconcile()
    else:
        with pytest.raises(StoreUnavailableError):
            loader.reconcile()
        assert loader.reconcile().problems == []
    assert len(faulty.inserts) >= number
    assert counts(store) == whole(archive)
