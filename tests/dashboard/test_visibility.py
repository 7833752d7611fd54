"""Which rows count while visits move from live to a batch."""

from datetime import date
from zoneinfo import ZoneInfo

from dashboard.period import parse_dates
from dashboard.visibility import Part, by_months, is_overtaken, visible_parts
from schema.live import Snapshot

WEEK = parse_dates("2026-03-04", "2026-03-10", ZoneInfo("UTC"))


def snapshot(number: int = 4, node: int = 1, open_day: date = date(2026, 3, 9), through: int = 77) -> Snapshot:
    return Snapshot(node, number, through, open_day, 0)


def test_without_a_snapshot_all_of_the_table_counts() -> None:
    (part,) = visible_parts("visits", WEEK, [])
    assert (part.table, part.start, part.end, part.condition) == ("visits", WEEK.start, WEEK.end, "")


def test_days_before_the_open_one_have_no_condition_so_that_projections_serve() -> None:
    closed, complemented, live = visible_parts("visits", WEEK, [snapshot()])
    assert (closed.table, closed.start, closed.end, closed.condition) == (
        "visits",
        date(2026, 3, 4),
        date(2026, 3, 9),
        "",
    )
    assert (complemented.table, complemented.start, complemented.end) == ("visits", date(2026, 3, 9), WEEK.end)
    assert "batch <= 77" in complemented.condition
    assert (live.table, live.start, live.end) == ("live_1_a_visits", date(2026, 3, 9), WEEK.end)


def test_the_slot_is_the_snapshots() -> None:
    assert visible_parts("visits", WEEK, [snapshot(5)])[-1].table == "live_1_b_visits"


def test_a_period_that_is_long_closed_needs_neither_condition_nor_live() -> None:
    (part,) = visible_parts("visits", WEEK, [snapshot(open_day=date(2026, 3, 11))])
    assert (part.table, part.condition) == ("visits", "")


def test_a_period_within_the_open_days_has_no_closed_part() -> None:
    parts = visible_parts("visits", WEEK, [snapshot(open_day=date(2026, 3, 1))])
    assert [part.table for part in parts] == ["visits", "live_1_a_visits"]
    assert parts[0].condition


def test_every_node_has_its_own_condition_and_slot() -> None:
    parts = visible_parts("visits", WEEK, [snapshot(), snapshot(7, node=2, open_day=date(2026, 3, 10))])
    assert [part.table for part in parts] == ["visits", "visits", "live_1_a_visits", "live_2_b_visits"]
    assert parts[0].end == date(2026, 3, 9)
    assert parts[1].condition.count("bitShiftRight(batch, 52)") == 2


def test_whole_months_are_cut_out_and_no_day_is_lost_or_twice() -> None:
    def cut(*days: tuple[int, int]) -> list[tuple[date, date, bool]]:
        start, end = (date(2026, *day) for day in days)
        return [(each.start, each.end, each.is_by_month) for each in by_months(Part("visits", start, end))]

    jan, mar, apr, may = (date(2026, month, 1) for month in (1, 3, 4, 5))
    assert cut((1, 1), (5, 1)) == [(jan, may, True)]
    assert cut((2, 10), (4, 5)) == [
        (date(2026, 2, 10), mar, False),
        (mar, apr, True),
        (apr, date(2026, 4, 5), False),
    ]
    assert cut((2, 10), (4, 1)) == [(date(2026, 2, 10), mar, False), (mar, apr, True)]
    assert cut((1, 31), (2, 28)) == [(date(2026, 1, 31), date(2026, 2, 28), False)]
    assert cut((3, 2), (4, 30)) == [(date(2026, 3, 2), date(2026, 4, 30), False)]


def test_what_has_a_condition_is_not_cut_into_months() -> None:
    part = Part("visits", date(2026, 1, 1), date(2026, 5, 1), "batch <= 77")
    assert by_months(part) == [part]


def test_a_newer_snapshot_may_mean_that_the_slot_is_being_filled_anew() -> None:
    assert not is_overtaken([snapshot(4)], [snapshot(4)], spare=0)
    assert is_overtaken([snapshot(4)], [snapshot(5)], spare=0)
    assert not is_overtaken([snapshot(4)], [snapshot(5)], spare=1)
    assert is_overtaken([snapshot(4)], [snapshot(6)], spare=1)
    assert is_overtaken([snapshot(4)], [snapshot(1)], spare=1)
    assert not is_overtaken([], [snapshot(1)], spare=0)
