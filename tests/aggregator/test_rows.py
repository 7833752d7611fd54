"""What counts where: each measure of each rollup reads as its definition does."""

from datetime import date
from typing import Any

from schema.hit import RejectedHit, Rejection
from support.counts import count, total
from support.hits import at, engagement, event, pageview


def hour(clock: str) -> int:
    return at(clock) // 1000


def test_a_pageview_counts_in_its_own_hour() -> None:
    counts = count([pageview("10:59"), pageview("11:01")])
    assert total(counts, "pageviews", "pageviews", "hour") == {hour("10:00"): 1, hour("11:00"): 1}


def test_a_visit_counts_in_the_hour_of_its_start() -> None:
    counts = count([pageview("10:59"), pageview("11:01")])
    assert total(counts, "visits", "visits", "hour") == {hour("10:00"): 1}


def test_days_and_hours_are_those_of_the_site() -> None:
    counts = count([pageview("18:20")], {"example.com": "Asia/Kathmandu"})
    assert total(counts, "visits", "visits", "day", "hour") == {(date(2026, 3, 11), hour("18:15")): 1}


def test_a_visitor_counts_once_a_day() -> None:
    counts = count([pageview("08:00"), pageview("12:00"), pageview("12:00", visitor=2)])
    assert total(counts, "visits", "visitors", "hour") == {hour("08:00"): 1, hour("12:00"): 1}


def test_a_visitor_counts_again_on_the_next_local_day() -> None:
    counts = count([pageview("17:00"), pageview("19:00")], {"example.com": "Asia/Kathmandu"})
    assert total(counts, "visits", "visitors", "day") == {date(2026, 3, 10): 1, date(2026, 3, 11): 1}


def test_a_visitor_counts_under_the_acquisition_of_the_days_first_visit() -> None:
    counts = count([pageview("08:00", source="Google"), pageview("12:00", source="Bing")])
    assert total(counts, "visits", "visitors", "source") == {"Google": 1}


def test_a_page_counts_a_visitor_once_a_day() -> None:
    counts = count([pageview("08:00", path="/a"), pageview("08:01", path="/a"), pageview("12:00", path="/a")])
    assert total(counts, "pageviews", "visitors", "hour") == {hour("08:00"): 1}


def test_a_page_counts_a_visit_once() -> None:
    counts = count([pageview("08:00", path="/a"), pageview("08:01", path="/a"), pageview("12:00", path="/a")])
    assert total(counts, "pageviews", "visits") == 2


def test_an_hour_counts_a_visitor_once_whatever_they_view() -> None:
    counts = count([pageview("08:00", path="/a"), pageview("08:59", path="/b"), pageview("09:00", path="/b")])
    found = total(counts, "pageviews", "active_visitors", "hour", "path")
    assert found == {(hour("08:00"), "/a"): 1, (hour("09:00"), "/b"): 1}


def test_entry_exit_and_bounce_count_on_the_page_where_they_happen() -> None:
    hits = [pageview("10:00", path="/a"), pageview("10:01", path="/b"), pageview("10:02", path="/a")]
    counts = count([*hits, pageview("10:00", visitor=2, path="/b")])
    assert total(counts, "pageviews", "entries", "path") == {"/a": 1, "/b": 1}
    assert total(counts, "pageviews", "exits", "path") == {"/a": 1, "/b": 1}
    assert total(counts, "pageviews", "bounces", "path") == {"/b": 1}


def test_engaged_time_counts_on_the_page_and_hour_it_was_reported_for() -> None:
    counts = count(
        [pageview("10:50", path="/a"), engagement("10:55", 100, path="/a"), engagement("11:05", 50, path="/b")]
    )
    found = total(counts, "pageviews", "engaged_ms", "path", "hour")
    assert found == {("/a", hour("10:00")): 100, ("/b", hour("11:00")): 50}


def test_scroll_depth_is_each_visits_deepest_on_the_page() -> None:
    hits = [pageview("10:00"), engagement("10:01", 1, scroll_depth=40), engagement("10:02", 1, scroll_depth=30)]
    counts = count([*hits, pageview("10:00", visitor=2), engagement("10:01", 1, visitor=2, scroll_depth=0)])
    assert total(counts, "pageviews", "scroll_depth_sum") == 40
    assert total(counts, "pageviews", "scroll_depth_count") == 2


def test_scroll_depth_counts_in_the_hour_of_the_first_view() -> None:
    counts = count([pageview("10:59"), pageview("11:00"), engagement("11:01", 1, scroll_depth=40)])
    assert total(counts, "pageviews", "scroll_depth_sum", "hour") == {hour("10:00"): 40}


def test_scroll_depth_of_a_page_never_viewed_counts_with_its_engagement() -> None:
    counts = count([pageview("10:00"), engagement("10:01", 0, path="/b", scroll_depth=9)])
    assert total(counts, "pageviews", "scroll_depth_sum", "path") == {"/b": 9}


def test_events_count_in_their_own_hour_with_their_revenue() -> None:
    counts = count(
        [event("10:59", "buy", currency="EUR", revenue=500), event("11:00", "buy", currency="EUR", revenue=-200)]
    )
    assert total(counts, "events", "events", "hour") == {hour("10:00"): 1, hour("11:00"): 1}
    assert total(counts, "events", "revenue", "currency") == {"EUR": 300}


def test_revenue_counts_for_each_currency_by_itself() -> None:
    sold = [event("10:00", "buy", currency=currency, revenue=500) for currency in ("EUR", "USD", "EUR")]
    assert total(count(sold), "events", "revenue", "name", "currency") == {("buy", "EUR"): 1000, ("buy", "USD"): 500}


def test_several_visits_of_a_visitor_in_a_day_count_each_with_its_own_acquisition() -> None:
    hits = [pageview("08:00", source="Google"), pageview("12:00", source="Bing"), pageview("12:31", source="News")]
    counts = count(hits)
    assert total(counts, "visits", "visits", "source") == {"Google": 1, "Bing": 1, "News": 1}
    assert total(counts, "visits", "visitors") == 1


def test_a_pageview_counts_under_the_acquisition_of_its_visits_first_hit() -> None:
    counts = count([pageview("08:00", source="Google"), pageview("08:10", source="Bing")])
    assert total(counts, "pageviews", "pageviews", "source") == {"Google": 2}


def test_the_first_and_the_last_millisecond_of_a_day_are_in_it() -> None:
    counts = count([pageview("00:00:00.000", visitor=1), pageview("23:59:59.999", visitor=2)])
    assert total(counts, "pageviews", "pageviews", "day", "hour") == {
        (date(2026, 3, 10), hour("00:00")): 1,
        (date(2026, 3, 10), hour("23:00")): 1,
    }
    assert total(counts, "visits", "visits", "hour") == {hour("00:00"): 1, hour("23:00"): 1}


def test_mean_scroll_depth_is_of_each_visits_maximum_on_the_page() -> None:
    counts = count(
        [
            pageview("08:00", path="/a"),
            *(engagement("08:01", 0, path="/a", scroll_depth=depth) for depth in (20, 80, 40)),
            pageview("09:00", visitor=2, path="/a"),
            engagement("09:01", 0, visitor=2, path="/a", scroll_depth=30),
        ]
    )
    depth, visits = (total(counts, "pageviews", f"scroll_depth_{part}", "path")["/a"] for part in ("sum", "count"))
    assert depth / visits == (80 + 30) / 2


def test_an_event_counts_a_visitor_once_a_day_and_a_visit_once() -> None:
    counts = count([event("08:00", "buy"), event("08:01", "buy"), event("12:00", "buy"), event("12:00", "call")])
    assert total(counts, "events", "visitors", "name") == {"buy": 1, "call": 1}
    assert total(counts, "events", "visits", "name") == {"buy": 2, "call": 1}


def test_pageviews_are_no_events_and_their_properties_do_not_count() -> None:
    counts = count([pageview("10:00", props=(("plan", "team"),))])
    assert "events" not in counts
    assert "event_props" not in counts


def test_each_property_of_an_event_counts() -> None:
    props = (("plan", "team"), ("size", "9"))
    counts = count([event("10:00", "buy", props=props), event("12:00", "buy", props=props[:1])])
    assert total(counts, "event_props", "events", "key", "value") == {("plan", "team"): 2, ("size", "9"): 1}
    assert total(counts, "event_props", "visitors", "key", "value") == {("plan", "team"): 1, ("size", "9"): 1}


def test_audience_has_fine_detail_one_at_a_time_beside_its_parent() -> None:
    fine: dict[str, Any] = {
        "region": "DE-BE",
        "city": "Berlin",
        "browser_version": "9",
        "os_version": "7",
        "language": "de",
        "screen": "m",
    }
    counts = count([pageview("10:00", country="DE", browser="Firefox", os="Linux", **fine), pageview("10:01")])
    expected = {
        ("region", "DE", "DE-BE"): 2,
        ("city", "DE-BE", "Berlin"): 2,
        ("browser_version", "Firefox", "9"): 2,
        ("os_version", "Linux", "7"): 2,
        ("language", "", "de"): 2,
        ("screen", "", "m"): 2,
    }
    assert total(counts, "audience", "pageviews", "dimension", "parent", "value") == expected
    assert set(total(counts, "audience", "visits", "dimension").values()) == {1}


def test_a_city_without_a_region_has_its_country_as_parent() -> None:
    counts = count([pageview("10:00", country="SG", city="Singapore")])
    assert total(counts, "audience", "visits", "parent", "value") == {("SG", "Singapore"): 1}


def test_fine_detail_that_is_not_known_has_no_row() -> None:
    assert "audience" not in count([pageview("10:00")])


def test_of_hits_with_one_event_id_the_earliest_counts() -> None:
    counts = count([pageview("10:05", path="/b", event_id=7), pageview("10:00", path="/a", event_id=7)])
    assert total(counts, "pageviews", "pageviews", "path") == {"/a": 1}
    assert total(counts, "rejections", "hits", "reason") == {"duplicate": 1}


def test_a_duplicate_does_not_extend_a_visit() -> None:
    counts = count([pageview("10:00", event_id=7), pageview("10:20", event_id=7), pageview("10:40")])
    assert total(counts, "visits", "visits") == 2


def test_hits_without_an_event_id_are_never_duplicates() -> None:
    assert total(count([pageview("10:00"), pageview("10:00")]), "pageviews", "pageviews") == 2


def test_one_event_id_on_two_sites_is_no_duplicate() -> None:
    counts = count([pageview("10:00", event_id=7), pageview("10:00", event_id=7, site="b.example")])
    assert total(counts, "pageviews", "pageviews") == 2


def test_rejected_hits_count_by_reason() -> None:
    counts = count(
        [RejectedHit("", at("10:00"), Rejection.UNKNOWN_SITE), RejectedHit("a.example", at("10:00"), Rejection.BOT)]
    )
    assert total(counts, "rejections", "hits", "site", "reason") == {("", "unknown_site"): 1, ("a.example", "bot"): 1}


def test_the_ledger_counts_every_record_by_kind() -> None:
    hits = [engagement("09:00", 1), pageview("10:00", event_id=7), pageview("10:01", event_id=7), event("10:02", "x")]
    counts = count([*hits, engagement("10:03", 1), RejectedHit("example.com", at("10:04"), Rejection.BOT)])
    kinds = ("pageview_hits", "event_hits", "engagement_hits", "rejected_hits")
    assert {kind: total(counts, "batches", kind) for kind in kinds} == dict(zip(kinds, (1, 1, 1, 3), strict=True))


def test_the_ledger_counts_in_the_hour_of_receipt() -> None:
    counts = count([pageview("10:59"), pageview("11:01")])
    assert total(counts, "batches", "pageview_hits", "hour") == {hour("10:00"): 1, hour("11:00"): 1}
