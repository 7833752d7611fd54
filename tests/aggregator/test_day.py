"""A day's windows: a pure function of the set of records; nothing is in two of them, and nothing in none."""

from collections.abc import Mapping
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator import day as day_module
from aggregator import vocabulary
from aggregator.archive import encode_parquet
from aggregator.chunks import cut_chunks
from aggregator.day import Day
from aggregator.rollup import Tables
from schema.batch import DAY_MS, Window, utc_day
from schema.hit import Record, RejectedHit, Rejection
from schema.rollups import BY_NAME
from support.counts import counts_of, local_time, oracle_counts, total
from support.hits import at, engagement, event, pageview
from support.random_records import START, ZONES, records

FIRST, LAST = Window.of(START), Window.of(START + DAY_MS - 1)


def window(clock: str) -> Window:
    return Window.of(at(clock))


def day_of(*absorbed: Record, zones: Mapping[str, str] = ZONES) -> Day:
    day = Day(utc_day(START), local_time(zones))
    day.absorb(absorbed)
    return day


def files(windows: Mapping[Window, Tables]) -> dict[tuple[Window, str], bytes]:
    """What the archive holds of each window and table."""
    return {
        (window, name): encode_parquet(cut_chunks(BY_NAME[name], counts, 1, window)[0])
        for window, tables in windows.items()
        for name, counts in tables.items()
    }


@settings(max_examples=15, deadline=None)
@given(records, st.lists(st.sampled_from([1, 5, 15]), min_size=1), st.randoms(use_true_random=False))
def test_batches_do_not_depend_on_order_or_grouping(found: list[Record], groups: list[int], random: Random) -> None:
    shuffled, day = random.sample(found, len(found)), day_of()
    for size in groups * len(found):
        day.absorb(shuffled[:size])
        del shuffled[:size]
    assert files(day.cut(LAST)) == files(day_of(*found).cut(LAST))


@settings(max_examples=15, deadline=None)
@given(records, st.lists(st.integers(FIRST.index, LAST.index), max_size=3))
def test_batches_do_not_depend_on_how_far_each_cut_goes(found: list[Record], ends: list[int]) -> None:
    at_once, day = day_of(*found).cut(LAST), day_of()
    windows: dict[Window, Tables] = {}
    for last in map(Window, sorted({*ends, LAST.index})):
        day.absorb([record for record in found if day.next_window.start_ms <= record.at < last.end_ms])
        windows |= day.cut(last)
    assert files(windows) == files(at_once)
    assert list(windows) == sorted(windows)


@settings(max_examples=15, deadline=None)
@given(records.filter(bool), st.lists(st.integers(FIRST.index, LAST.index), max_size=3))
def test_live_and_batches_are_the_whole_at_every_step(found: list[Record], ends: list[int]) -> None:
    day, closed = day_of(*found), list[Tables]()
    whole = oracle_counts(found, ZONES)
    for last in map(Window, sorted({*ends, LAST.index})):
        closed += day.cut(last).values()
        assert counts_of([*closed, day.live()]) == whole
    assert counts_of(closed) == whole


def test_a_visit_is_in_the_window_in_which_it_closes() -> None:
    day = day_of(pageview("10:04:59.999", visitor=1), pageview("10:05", visitor=2))
    closed = day.cut(LAST)
    assert {window: total(counts_of([tables]), "visits", "visits") for window, tables in closed.items()} == {
        window("10:30"): 1,
        window("10:35"): 1,
    }


def test_a_visit_open_at_midnight_is_in_the_last_window() -> None:
    assert list(day_of(pageview("23:58")).cut(LAST)) == [LAST]


def test_a_visit_that_can_go_on_is_not_cut() -> None:
    day = day_of(pageview("10:00"))
    assert day.cut(window("10:25")) == {}
    day.absorb([pageview("10:30")])
    assert list(day.cut(window("11:05"))) == [window("11:00")]


def test_rejected_records_are_in_the_window_of_their_instant() -> None:
    day = day_of(
        RejectedHit("a.example", at("10:00"), Rejection.BOT),
        pageview("10:01", event_id=5),
        pageview("10:21", event_id=5, visitor=2),
    )
    rejected = {
        window: total(counts_of([tables]), "rejections", "hits", "reason")
        for window, tables in day.cut(LAST).items()
        if "rejections" in tables
    }
    assert rejected == {window("10:00"): {"bot": 1}, window("10:20"): {"duplicate": 1}}


def test_engagement_without_a_visit_is_in_the_window_in_which_its_group_closes() -> None:
    (found,) = day_of(engagement("10:01", 5)).cut(LAST)
    assert found == window("10:30")


def test_what_was_first_is_remembered_after_its_visit_is_cut() -> None:
    hits = [pageview(clock, event_id=0) for clock in ("10:00", "12:00")]
    hits += [event(clock, "buy", props=(("plan", "x"),)) for clock in ("10:01", "12:01")]
    day, closed = day_of(), list[Tables]()
    for last, part in (("11:30", (0, 2)), ("23:55", (1, 3))):
        day.absorb([hits[number] for number in part])
        closed += day.cut(window(last)).values()
    counts = counts_of(closed)
    for rollup in ("visits", "pageviews", "events", "event_props"):
        assert total(counts, rollup, "visitors") == 1


def test_an_event_id_is_remembered_after_its_visit_is_cut() -> None:
    day = day_of(pageview("10:00", event_id=5))
    day.cut(window("11:30"))
    day.absorb([pageview("12:00", event_id=5, visitor=2)])
    assert total(counts_of([day.live()]), "rejections", "hits", "reason") == {"duplicate": 1}


def test_looking_at_what_is_live_changes_nothing() -> None:
    day = day_of(pageview("10:00", event_id=5), pageview("10:01", path="/b"))
    assert counts_of([day.live()]) == counts_of([day.live()]) == counts_of(day.cut(LAST).values())


def test_nothing_is_live_after_the_last_window() -> None:
    day = day_of(pageview("10:00"))
    assert not day.is_over
    day.cut(LAST)
    assert day.is_over
    assert day.live() == {}


@pytest.mark.parametrize("clock", ["00:00", "11:59:59.999"])
def test_a_record_from_before_the_last_cut_counts_in_the_next_window(clock: str) -> None:
    day = day_of()
    day.cut(window("11:55"))
    day.absorb([pageview(clock), RejectedHit("a.example", at(clock), Rejection.BOT)])
    counts = counts_of(day.cut(LAST).values())
    assert day.moved == 2
    assert total(counts, "visits", "visits", "hour") == {at("12:00") // 1000: 1}
    assert total(counts, "rejections", "hits") == 1


def test_a_record_of_another_day_counts_at_the_edge_of_this_one() -> None:
    day = day_of(pageview("00:00", at=START + DAY_MS + 5))
    assert list(day.cut(LAST)) == [LAST]
    assert day.moved == 1


def test_many_records_count_as_few_do() -> None:
    day = Day(utc_day(START), local_time())
    for visitor in range(0, 50_000, 1000):
        day.absorb([pageview("10:00", visitor=visitor + number) for number in range(1000)])
    assert total(counts_of([day.live()]), "visits", "visitors") == 50_000


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records)
def test_catching_up_part_by_part_gives_what_one_pass_gives(
    monkeypatch: pytest.MonkeyPatch, found: list[Record]
) -> None:
    at_once = files(day_of(*found).cut(LAST))
    with monkeypatch.context() as patch:
        patch.setattr(day_module, "_FOLD_ROWS", 2)
        assert files(day_of(*found).cut(LAST)) == at_once


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records)
def test_forgetting_texts_between_windows_changes_nothing(monkeypatch: pytest.MonkeyPatch, found: list[Record]) -> None:
    at_once = files(day_of(*found).cut(LAST))
    with monkeypatch.context() as patch:
        patch.setattr(vocabulary, "_FEW", -1000)
        patch.setattr(day_module, "_FOLD_ROWS", 1)
        assert files(day_of(*found).cut(LAST)) == at_once


def test_texts_that_only_closed_visits_had_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary, "_FEW", 100)
    day = day_of()
    for hour in range(20):
        clock = f"{hour:02}:00"
        day.absorb([pageview(clock, visitor=n, path=f"/{hour}/{n}", referrer=f"{hour}.{n}/") for n in range(100)])
        day.cut(window(f"{hour:02}:50"))
    assert len(day._vocabulary.texts) < 500
    assert total(counts_of([day.live()]), "visits", "visits") == 0
