"""What a visit is: each rule reads as the definition does."""

from collections import Counter
from typing import Any

from aggregator.hit_frame import frames_of, in_order
from aggregator.packed_hits import pack, unpack
from aggregator.visits import sessionise
from aggregator.vocabulary import Vocabulary
from schema.hit import Hit
from support.counts import count, total
from support.hits import at, engagement, event, pageview

HALF_HOUR = 30 * 60_000
MIDNIGHT = at("00:00", "2026-03-11")


def grouped(*hits: Hit) -> list[tuple[int, bool, int]]:
    """Group, whether it counts, and when the group closes, of each hit by visitor and time."""
    vocabulary = Vocabulary()
    in_time = in_order(frames_of(unpack(pack(hits)), vocabulary)[0], vocabulary)
    found = sessionise(in_time, MIDNIGHT)
    return list(zip(found["visit"], found["is_counted"], found["closes_at"], strict=True))


def visit_of(*hits: Hit) -> dict[str, int]:
    """The measures of the only visit that these hits make, zeros left out."""
    (measures,) = count(hits)["visits"].values()
    return measures


def test_hits_up_to_30_minutes_apart_are_one_visit() -> None:
    visits = grouped(pageview("10:00"), pageview("10:30"), pageview("11:00"))
    assert {visit for visit, _, _ in visits} == {0}


def test_a_gap_over_30_minutes_starts_another_visit() -> None:
    visits = grouped(pageview("10:00"), pageview("10:30:00.001"))
    assert [visit for visit, _, _ in visits] == [0, 1]


def test_each_visitor_has_visits_of_their_own() -> None:
    visits = grouped(pageview("10:00", visitor=1), pageview("10:01", visitor=2), pageview("10:02", visitor=1))
    assert sorted(Counter(visit for visit, _, _ in visits).values()) == [1, 2]


def test_the_same_code_on_another_site_is_another_visitor() -> None:
    visits = grouped(pageview("10:00"), pageview("10:01", site="b.example"))
    assert [visit for visit, _, _ in visits] == [0, 1]


def test_a_visit_closes_30_minutes_after_its_last_hit() -> None:
    visits = grouped(pageview("10:00"), engagement("10:05", 100))
    assert {closes_at for _, _, closes_at in visits} == {at("10:05") + HALF_HOUR}


def test_a_visit_closes_with_the_day_at_the_latest() -> None:
    assert grouped(pageview("23:45")) == [(0, True, MIDNIGHT - 1)]


def test_engagement_does_not_start_a_visit() -> None:
    assert [counts for _, counts, _ in grouped(engagement("10:00", 100), pageview("10:01"))] == [False, True]
    assert total(count([engagement("10:00", 100)]), "rejections", "hits", "reason") == {"no_visit": 1}


def test_engagement_extends_a_visit() -> None:
    visits = grouped(pageview("10:00"), engagement("10:20", 100), pageview("10:40"))
    assert [visit for visit, _, _ in visits] == [0, 0, 0]


def test_engagement_before_a_pageview_belongs_to_no_visit_but_bridges_the_gap() -> None:
    counts = count([engagement("10:00", 100), engagement("10:20", 100), pageview("10:40"), pageview("11:00")])
    assert total(counts, "rejections", "hits") == 2
    assert total(counts, "visits", "visits") == 1
    assert total(counts, "visits", "duration_seconds") == 20 * 60


def test_no_hits_are_no_visits() -> None:
    assert grouped() == []


def test_one_pageview_is_a_bounce() -> None:
    assert visit_of(pageview("10:00"), engagement("10:01", 100))["bounces"] == 1


def test_two_pageviews_are_no_bounce_even_of_one_page() -> None:
    assert "bounces" not in visit_of(pageview("10:00"), pageview("10:01"))


def test_an_interactive_event_makes_it_no_bounce() -> None:
    assert "bounces" not in visit_of(pageview("10:00"), event("10:01", "signup"))
    assert visit_of(pageview("10:00"), event("10:01", "shown", interactive=False))["bounces"] == 1


def test_events_alone_are_a_visit_but_no_bounce() -> None:
    visit = visit_of(event("10:00", "signup", interactive=False))
    assert visit == {"visits": 1, "visitors": 1, "events": 1}


def test_duration_is_from_first_to_last_hit_in_whole_seconds() -> None:
    assert visit_of(pageview("10:00:00.500"), engagement("10:02:01.499", 100))["duration_seconds"] == 120


def test_engaged_time_is_the_sum_of_the_deltas() -> None:
    visit = visit_of(pageview("10:00", engaged_ms=7), engagement("10:01", 100), engagement("10:02", 200))
    assert visit["engaged_ms"] == 300


def test_entry_and_exit_are_the_first_and_last_pageview() -> None:
    hits = [event("10:00", "x", path="/e"), pageview("10:01", path="/a"), pageview("10:02", path="/b")]
    counts = count([*hits, engagement("10:03", 5, path="/c")])
    assert total(counts, "visits", "visits", "entry_path", "exit_path") == {("/a", "/b"): 1}


def test_a_visit_without_a_pageview_has_no_entry_and_no_exit() -> None:
    counts = count([event("10:00", "signup", path="/a")])
    assert total(counts, "visits", "visits", "entry_path", "exit_path") == {("", ""): 1}


def test_a_visit_has_the_acquisition_and_client_of_its_first_hit() -> None:
    first: dict[str, Any] = {
        "channel": "Search",
        "source": "Google",
        "utm_campaign": "spring",
        "country": "DE",
        "browser": "Firefox",
    }
    later: dict[str, Any] = {"channel": "Direct", "source": "Direct / None", "country": "FR", "browser": "Chrome"}
    counts = count([pageview("10:00", **first), pageview("10:05", **later), event("10:06", "signup", **later)])
    for rollup, measure in (("visits", "visits"), ("pageviews", "pageviews"), ("events", "events")):
        found = total(counts, rollup, measure, "channel", "source", "utm_campaign", "country", "browser")
        assert list(found) == [tuple(first.values())]
