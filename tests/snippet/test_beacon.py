"""What a beacon holds, how it travels, and what it leaves behind."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from snippet.tab import SITE, Tab
from support.browser import DROPPED, PATIENCE_SECONDS, PageServer, RecordedBeacon, RecordingCollector

A_MINUTE_MS = 60_000


def test_a_page_view_says_these_things_and_nothing_else(
    tab: Tab, site: PageServer, collector: RecordingCollector
) -> None:
    tab.page.goto(site.url("/one?utm_source=news&id=7#part", SITE), referer="https://search.test/results")
    (beacon,) = collector.wait_for(1)
    assert 0 < beacon.fields.pop("k") < 1
    assert beacon.path == "/api/event"
    assert beacon.fields == {
        "n": "pageview",
        "u": site.url("/one?utm_source=news&id=7", SITE),
        "d": "example.com",
        "r": "https://search.test/results",
        "z": "Europe/Berlin",
        "w": 3,
        "h": 1,
    }


@pytest.mark.parametrize(
    ("width", "sent"),
    [(320, 1), (479, 1), (480, 2), (959, 2), (960, 3), (1439, 3), (1440, 4), (2560, 6)],
)
def test_the_screen_is_a_class_never_a_size(
    tab: Tab, site: PageServer, collector: RecordingCollector, width: int, sent: int
) -> None:
    tab.page.set_viewport_size({"width": width, "height": 700})
    tab.open(site)
    assert collector.wait_for(1)[0].fields["w"] == sent


def test_a_browser_without_temporal_names_its_time_zone_too(
    tab: Tab, site: PageServer, collector: RecordingCollector
) -> None:
    tab.page.add_init_script("delete window.Temporal")
    tab.open(site)
    assert collector.wait_for(1)[0].fields["z"] == "Europe/Berlin"


def test_every_beacon_has_an_event_id_of_its_own(tab: Tab, site: PageServer, collector: RecordingCollector) -> None:
    tab.open(site)
    tab.run("() => { for (let i = 0; i < 50; i++) footfall('Click') }")
    event_ids = {beacon["k"] for beacon in tab.beacons_so_far(collector)}
    assert len(event_ids) == 51


def test_no_permission_is_asked_for_and_no_cookie_is_sent(
    tab: Tab, site: PageServer, collector: RecordingCollector
) -> None:
    tab.open(site)
    tab.run("footfall('Click')")
    for beacon in collector.wait_for(2):
        assert beacon.headers["content-type"] == "text/plain;charset=UTF-8"
        assert "cookie" not in beacon.headers
    assert collector.preflights == 0


@pytest.mark.parametrize("features", ["pageviews", "default", "all"])
def test_a_cookie_of_the_collectors_own_stays_at_home(
    tab: Tab, collector: RecordingCollector, embed: Callable[..., str], features: str
) -> None:
    """The collector is the site's own host here, as behind a proxy: with any other, no cookie would go by itself."""
    collector.pages["/"] = embed(features=features)
    tab.open(collector, host="127.0.0.1")
    collector.wait_for(1)
    tab.run("document.cookie = 'session=secret; path=/'")
    assert tab.run("document.cookie") == "session=secret"
    tab.run("() => { history.pushState({}, '', '/two') }")
    beacon = collector.wait_for(2)[-1]
    assert beacon.fields["u"].endswith("/two") or collector.wait_for(3)[-1].fields["u"].endswith("/two")
    assert not any("cookie" in beacon.headers for beacon in collector.beacons)


def test_nothing_is_left_in_the_browser(tab: Tab, collector: RecordingCollector, embed: Callable[..., str]) -> None:
    collector.pages["/"] = embed()  # the collector on the site's own origin: where a cookie would stick
    tab.open(collector, host="127.0.0.1")
    tab.run("footfall('Click')")
    collector.wait_for(2)
    tab.page.reload()
    assert "cookie" not in collector.wait_for(3)[-1].headers
    assert tab.page.context.cookies() == []
    left = "async () => [localStorage.length, sessionStorage.length, (await indexedDB.databases()).length,"
    assert tab.run(left + "(await caches.keys()).length, document.cookie]") == [0, 0, 0, 0, ""]


def test_an_endpoint_may_be_chosen(
    tab: Tab, site: PageServer, collector: RecordingCollector, embed: Callable[..., str]
) -> None:
    with RecordingCollector() as other:
        site.pages["/path"] = embed('data-test data-api="/counts"')
        site.pages["/address"] = embed(f'data-test data-api="{other.url("/counts")}"')
        tab.open(site, "/path")
        assert collector.wait_for(1)[0].path == "/counts"
        tab.open(site, "/address")
        assert other.wait_for(1)[0].path == "/counts"


@pytest.mark.parametrize("failure", [DROPPED, 500, 503])
def test_a_beacon_that_fails_is_sent_once_more_as_the_same_event(
    tab: Tab, site: PageServer, collector: RecordingCollector, failure: int
) -> None:
    collector.next_statuses.extend([failure, failure])
    tab.page.clock.install()
    tab.open(site)
    first, second = wait_for_beacons(tab, collector, 2)
    assert first.fields == second.fields
    tab.page.clock.run_for(A_MINUTE_MS)
    assert len(tab.beacons_so_far(collector)) == 2


@pytest.mark.parametrize("status", [202, 400, 413, 429])
def test_a_beacon_that_was_answered_is_not_sent_again(
    tab: Tab, site: PageServer, collector: RecordingCollector, status: int
) -> None:
    collector.next_statuses.append(status)
    tab.page.clock.install()
    with tab.page.expect_response("**/api/event"):
        tab.open(site)
    tab.page.clock.run_for(A_MINUTE_MS)
    assert len(tab.beacons_so_far(collector)) == 1


def test_a_beacon_is_tried_again_only_after_a_while(tab: Tab, site: PageServer, collector: RecordingCollector) -> None:
    collector.next_statuses.append(503)
    tab.page.clock.install()
    tab.page.clock.pause_at("2100-01-01")
    with tab.page.expect_response("**/api/event"):
        tab.open(site)
    assert len(tab.beacons_so_far(collector)) == 1
    tab.page.clock.run_for(2999)
    assert len(tab.beacons_so_far(collector)) == 1
    tab.page.clock.run_for(1)
    assert len(tab.beacons_so_far(collector)) == 2


def test_a_beacon_outlives_its_page(tab: Tab, site: PageServer) -> None:
    tab.page.add_init_script("const real = fetch; window.fetch = (...given) => real(...(window.given = given))")
    tab.open(site)
    assert tab.run("!!given[1].keepalive")


def test_a_collector_that_does_not_answer_delays_nothing(
    tab: Tab, site: PageServer, collector: RecordingCollector
) -> None:
    with collector.holding():
        tab.open(site, "/one")
        assert tab.run("document.readyState") == "complete"
        collector.wait_for(1)
        tab.open(site, "/two")
        collector.wait_for(2)


def wait_for_beacons(tab: Tab, collector: RecordingCollector, count: int) -> list[RecordedBeacon]:
    """Let the page's clock run until `count` beacons came."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(collector.beacons) < count and time.monotonic() < deadline:
        tab.page.clock.run_for(1000)
    return collector.wait_for(count)
