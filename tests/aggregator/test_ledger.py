"""Received = counted + rejected + pending: whatever comes in, and one missing anywhere is seen where it is missing."""

from collections import Counter
from collections.abc import Iterable, Sequence
from copy import deepcopy
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aggregator.day import Day
from aggregator.ledger import Evidence, LedgerRow, closed_rows, compare, hours_of, merge_rows
from aggregator.rollup import Tables
from aggregator.spool_count import DayCount, SegmentCount
from aggregator.store_count import Booked, Books, Hour
from schema.batch import DAY_MS, Window, utc_day
from schema.hit import Hit, Record, RejectedHit, Rejection
from schema.tally_format import QUARTER_MS, Entry, Place, Tallied
from support.counts import counts_of, local_time
from support.hits import at, engagement, pageview
from support.random_records import START, ZONES, records

DAY = utc_day(START)
FIRST, LAST = Window.of(START), Window.of(START + DAY_MS - 1)
ZONE_OF = {site: ZoneInfo(name) for site, name in ZONES.items()}
HOUR_OF = hours_of(ZONE_OF)
SEGMENTS = 3

Sides = Evidence


def place_of(record: Record) -> Place:
    what = record.kind.name.lower() if isinstance(record, Hit) else record.reason.value
    return record.site, record.at // QUARTER_MS, what


def tally_of(found: Iterable[Record]) -> Tallied:
    return Counter(map(place_of, found))


def entry(name: str, tallied: Tallied, *, is_complete: bool = True) -> Entry:
    return Entry(0, name, int(is_complete), tuple((*place, count) for place, count in tallied.items()))


def spool_of(found: Sequence[Record]) -> dict[date, DayCount]:
    """The records in a few sealed segments, each with its worker's entry."""
    parts = {str(number): tally_of(found[number::SEGMENTS]) for number in range(SEGMENTS)}
    return {
        DAY: DayCount(
            {name: SegmentCount(tallied, True) for name, tallied in parts.items()},
            {name: entry(name, tallied) for name, tallied in parts.items()},
        )
    }


def books_of(parts: Iterable[Tables]) -> Books:
    """The ledger's tables of some windows."""
    books: Books = {}
    counts = counts_of(parts)
    for key, measures in counts.get("batches", {}).items():
        booked = books.setdefault(Hour(*key), Booked())
        booked.rejected_hits += measures.pop("rejected_hits", 0)
        booked.counted += sum(measures.values())
    for (*hour, reason), measures in counts.get("rejections", {}).items():
        books.setdefault(Hour(*hour), Booked()).rejected[reason] += measures["hits"]
    return books


def sides_of(found: Sequence[Record], last: Window = LAST) -> Sides:
    """All sides, by the real code, when the windows up to `last` are cut."""
    day = Day(DAY, local_time(ZONES))
    day.absorb(found)
    closed = day.cut(last)
    spool = spool_of(found)
    return Evidence(spool, deepcopy(spool), books_of(closed.values()), books_of([day.live()]))


def rows_of(sides: Sides) -> list[LedgerRow]:
    return compare(sides, HOUR_OF)


def differences(sides: Sides) -> dict[tuple[str, int], int]:
    return {(row.site, row.hour): row.difference for row in rows_of(sides) if row.difference}


def hour(record: Record) -> tuple[str, int]:
    found = HOUR_OF(place_of(record))
    return found.site, found.start


@settings(max_examples=12, deadline=None)
@given(records, st.integers(FIRST.index, LAST.index))
def test_the_sides_agree_at_every_step_of_a_day(found: list[Record], last: int) -> None:
    rows = rows_of(sides_of(found, Window(last)))
    assert not [row for row in rows if row.difference or row.unvouched]
    assert sum(row.received for row in rows) == len(found)
    for row in rows:
        assert row.received == row.counted + sum(row.rejected.values()) + row.pending


@settings(max_examples=12, deadline=None)
@given(records.filter(bool), st.data())
def test_a_record_that_is_in_the_spool_and_in_no_table_is_missed_in_its_hour(
    found: list[Record], data: st.DataObject
) -> None:
    number = data.draw(st.integers(0, len(found) - 1))
    whole, rest = sides_of(found), sides_of([*found[:number], *found[number + 1 :]])
    sides = Evidence(whole.low, whole.high, rest.batches, rest.live)
    assert hour(found[number]) in differences(sides)


@settings(max_examples=12, deadline=None)
@given(records.filter(bool), st.data(), st.booleans())
def test_a_record_lost_from_the_spool_is_missed_in_its_hour(
    found: list[Record], data: st.DataObject, is_in_tally: bool
) -> None:
    lost = data.draw(st.sampled_from(found))
    sides = sides_of(found)
    name = next(name for name in map(str, range(SEGMENTS)) if lost in found[int(name) :: SEGMENTS])
    for side in (sides.low, sides.high):
        less = side[DAY].segments[name].tallied - Counter([place_of(lost)])
        side[DAY].segments[name] = SegmentCount(less, True)
        if not is_in_tally:
            side[DAY].entries[name] = entry(name, less)
    assert list(differences(sides)) == [hour(lost)]


@settings(max_examples=12, deadline=None)
@given(records.filter(bool), st.data(), st.integers(-1, 1).filter(bool))
def test_a_count_changed_in_a_tally_is_seen_in_its_hour(found: list[Record], data: st.DataObject, by: int) -> None:
    changed = data.draw(st.sampled_from(found))
    sides = sides_of(found)
    name = next(name for name in map(str, range(SEGMENTS)) if changed in found[int(name) :: SEGMENTS])
    tallied = sides.high[DAY].entries[name].tallied
    tallied[place_of(changed)] += by
    sides.high[DAY].entries[name] = entry(name, tallied)
    assert differences(sides) == {hour(changed): 1}


@settings(max_examples=12, deadline=None)
@given(records.filter(bool), st.data(), st.sampled_from(["counted", "rejected_hits", "rejected"]))
def test_a_count_changed_in_the_store_is_seen_in_its_hour(found: list[Record], data: st.DataObject, side: str) -> None:
    sides = sides_of(found)
    place = data.draw(st.sampled_from(sorted(sides.batches)))
    booked = sides.batches[place]
    if side == "rejected":
        assume(booked.rejected)
        booked.rejected[next(iter(booked.rejected))] -= 1
    else:
        setattr(booked, side, getattr(booked, side) + 1)
    assert list(differences(sides)) == [(place.site, place.start)]


def test_duplicates_and_engagement_without_a_visit_are_received_once_and_rejected() -> None:
    found = [pageview("10:00", event_id=5), pageview("10:01", event_id=5), engagement("10:02", 9, visitor=2)]
    (row,) = rows_of(sides_of(found))
    assert (row.received, row.counted, row.rejected, row.difference) == (3, 1, {"duplicate": 1, "no_visit": 1}, 0)


def test_what_comes_in_while_the_sides_are_read_is_pending() -> None:
    early, late = pageview("10:00"), pageview("10:01")
    before, after = sides_of([early]), sides_of([early, late])
    (row,) = rows_of(Evidence(before.low, after.high, before.batches, before.live))
    assert (row.received, row.pending, row.difference) == (2, 1, 0)
    assert differences(Evidence(after.low, after.high, before.batches, before.live)) == {hour(late): 1}


def test_one_counted_twice_is_no_arrival() -> None:
    once, twice = sides_of([pageview("10:00")]), sides_of([pageview("10:00"), pageview("10:01")])
    assert differences(Evidence(once.low, once.high, twice.batches, twice.live)) == {hour(pageview("10:00")): 1}


@pytest.mark.parametrize(("said", "is_sealed", "unvouched", "difference"), [(1, True, 1, 0), (0, True, 2, 0),
                                                                            (1, False, 0, 0), (3, True, 0, 1),
                                                                            (3, False, 0, 1)])  # fmt: skip
def test_a_worker_that_died_may_have_acknowledged_less_than_is_there_but_never_more(
    said: int, is_sealed: bool, unvouched: int, difference: int
) -> None:
    found = [pageview("10:00"), pageview("10:01")]
    sides = sides_of(found)
    unfinished = entry("0", tally_of(found[:1] * said), is_complete=False)
    spool = {DAY: DayCount({"0": SegmentCount(tally_of(found), is_sealed)}, {"0": unfinished} if said else {})}
    (row,) = rows_of(Evidence(spool, spool, sides.batches, sides.live))
    assert (row.received, row.unvouched, row.difference) == (2, unvouched, difference)


def test_a_segment_that_is_gone_is_missed_by_its_workers_entry() -> None:
    found = [pageview("10:00"), pageview("12:00")]
    sides = sides_of(found)
    del sides.low[DAY].segments["1"], sides.high[DAY].segments["1"]
    sides.batches.clear()
    rest = sides_of(found[:1])
    assert differences(Evidence(sides.low, sides.high, rest.batches, rest.live)) == {hour(found[1]): 1}


def test_hours_of_days_that_are_gone_are_what_the_batches_took_in() -> None:
    found = [pageview("10:00"), RejectedHit("example.com", at("10:01"), Rejection.BOT)]
    (row,) = closed_rows(sides_of(found).batches)
    assert (row.received, row.counted, row.rejected, row.difference) == (2, 1, {"bot": 1}, 0)
    (both,) = merge_rows([row, row])
    assert (both.received, both.counted, both.rejected) == (4, 2, {"bot": 2})


@pytest.mark.parametrize("change", ["counted", "rejected", "an hour"])
def test_what_archive_and_store_do_not_agree_on_is_a_difference(change: str) -> None:
    found = [pageview("10:00"), RejectedHit("example.com", at("10:01"), Rejection.BOT)]
    archived = sides_of(found).batches
    stored = deepcopy(archived)
    (when,) = stored
    if change == "counted":
        stored[when].counted -= 1
    elif change == "rejected":
        stored[when].rejected["bot"] -= 1
    else:
        del stored[when]
    (row,) = closed_rows(stored, archived)
    assert row.received == 2
    assert row.difference == (2 if change == "an hour" else 1)
