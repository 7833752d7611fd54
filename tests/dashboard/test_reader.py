"""Reading while visits move from live to a batch, and while a live slot is filled anew."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dashboard.answer import Answer
from dashboard.period import parse_period
from dashboard.query import Query
from dashboard.reader import Reader
from schema.batch import Window, batch_number
from schema.errors import StoreUnavailableError
from schema.store import NO_PARAMETERS, Parameters, Row
from support.rollup_rows import SITE, RowWriter, row
from support.undivided import Undivided

DAY = dt.date(2026, 3, 10)
NOW = 1_773_144_000_000  # 12:00 on that day
WEEK = parse_period("7d", DAY, ZoneInfo("UTC"))


@pytest.fixture(params=["embedded_rows", "server_rows"], ids=["embedded", "server"])
def rows(request: pytest.FixtureRequest) -> RowWriter:
    """An empty store of each kind."""
    writer: RowWriter = request.getfixturevalue(request.param)
    return writer


def ask(store: Any, metrics: Sequence[str], *dimensions: str) -> Answer:
    query = Query(SITE, WEEK, tuple(metrics), dimensions)
    return Reader(store).read(lambda counts: counts.ask(query, NOW))


def table(answer: Answer) -> list[tuple[Any, ...]]:
    return [(*row.dimensions, *row.metrics) for row in answer.rows]


NODE, OTHER_NODE = 1, 2
THROUGH = batch_number(NODE, Window.of(NOW), 3)
LATER = batch_number(NODE, Window.of(NOW).next)
OF_OTHER = batch_number(OTHER_NODE, Window.of(NOW).next)


def test_live_rows_count_and_batches_after_the_snapshot_do_not(rows: RowWriter) -> None:
    rows.add(
        "visits",
        row(visits=1, batch=THROUGH),
        row(visits=10, batch=LATER),
        row(visits=100, batch=OF_OTHER),
        row(visits=1000, batch=LATER, at="2026-03-08 10:00"),  # a closed day: whatever is there counts
    )
    rows.snapshot(NODE, 4, THROUGH, dt.date(2026, 3, 9))
    rows.add_live("visits", NODE, "a", row(visits=10_000))
    rows.add_live("visits", NODE, "b", row(visits=100_000))
    assert table(ask(rows.store, ["visits"])) == [(11_101,)]
    rows.snapshot(NODE, 5, LATER, dt.date(2026, 3, 9))
    assert table(ask(rows.store, ["visits"])) == [(101_111,)]


def test_a_visit_is_seen_once_at_every_step_of_its_way_from_live_to_a_batch(rows: RowWriter) -> None:
    seen = []

    def look() -> None:
        seen.extend(table(ask(rows.store, ["visits", "pageviews"], "visit:source")))

    rows.snapshot(NODE, 0, 0, DAY)
    rows.snapshot(NODE, 1, 0, DAY)
    rows.add_live("visits", NODE, "a", row(visits=1, source="Google"))
    rows.add_live("pageviews", NODE, "a", row(pageviews=2, source="Google"))
    rows.snapshot(NODE, 2, 0, DAY)
    look()
    rows.add("visits", row(visits=1, source="Google", batch=LATER))
    look()
    rows.add("pageviews", row(pageviews=2, source="Google", batch=LATER))
    look()
    rows.empty_slot(NODE, "b")
    rows.snapshot(NODE, 3, LATER, DAY)
    look()
    assert seen == [("Google", 1, 2)] * 4


class Interrupted(Undivided):
    """A store whose node publishes a snapshot and empties the older slot whenever someone reads a rollup."""

    def __init__(self, rows: RowWriter, rounds: int) -> None:
        self.capabilities = rows.store.capabilities
        self.rounds = rounds
        self._rows = rows
        self._number = 2

    def query(self, sql: str, parameters: Parameters = NO_PARAMETERS) -> list[Row]:
        if "UNION ALL" in sql and self.rounds:
            self.rounds -= 1
            self._number += 1
            self._rows.snapshot(NODE, self._number, 0, DAY)
            self._rows.empty_slot(NODE, "ab"[(self._number + 1) % 2])
        return self._rows.store.query(sql, parameters)


def test_a_reader_whose_slot_was_filled_anew_asks_again(rows: RowWriter) -> None:
    rows.snapshot(NODE, 2, 0, DAY)
    rows.add_live("visits", NODE, "a", row(visits=1))
    rows.add_live("visits", NODE, "b", row(visits=1))
    assert table(ask(Interrupted(rows, 1), ["visits"])) == [(1,)]


def test_a_reader_that_is_always_too_late_says_so(rows: RowWriter) -> None:
    class Racing(Interrupted):
        def query(self, sql: str, parameters: Parameters = NO_PARAMETERS) -> list[Row]:
            rows = super().query(sql, parameters)
            if "UNION ALL" in sql:
                self._number += 1
                self._rows.snapshot(NODE, self._number, 0, DAY)
            return rows

    rows.snapshot(NODE, 2, 0, DAY)
    with pytest.raises(StoreUnavailableError):
        ask(Racing(rows, 100), ["visits"])


def open_visits(rows: RowWriter) -> int | None:
    return Reader(rows.store).read(lambda counts: counts.open_visits(SITE))


def test_open_visits_are_those_of_the_newest_snapshot(rows: RowWriter) -> None:
    assert open_visits(rows) is None
    rows.snapshot(NODE, 2, 0, DAY)
    assert open_visits(rows) == 0
    rows.add_live("visits", NODE, "a", row(visits=3), row(visits=4, source="x"), row(visits=9, site="other.org"))
    rows.snapshot(OTHER_NODE, 1, 0, DAY)
    rows.add_live("visits", OTHER_NODE, "b", row(visits=5))
    assert open_visits(rows) == 12
