"""What counts as a page view."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from snippet.tab import SITE, Tab
from support.browser import PageServer, RecordingCollector


def test_a_page_that_loads_is_one_view(tab: Tab, site: PageServer, collector: RecordingCollector) -> None:
    tab.open(site, "/one")
    assert tab.names_so_far(collector) == ["pageview /one"]


def test_a_snippet_embedded_twice_counts_once(
    tab: Tab, site: PageServer, collector: RecordingCollector, embed: Callable[..., str]
) -> None:
    site.pages["/twice"] = embed(head=embed())
    tab.open(site, "/twice")
    assert tab.names_so_far(collector) == ["pageview /twice"]


@pytest.mark.parametrize(
    ("navigation", "views"),
    [
        ("history.pushState({}, '', '/two')", ["/two"]),
        ("history.pushState({}, '', '/two?page=2')", ["/two?page=2"]),
        ("history.pushState({}, '', '/one?page=2')", []),
        ("history.pushState({}, '', '/one#part')", []),
        ("history.pushState({modal: true}, '')", []),
        ("history.replaceState({}, '', '/two')", ["/two"]),
        ("history.replaceState({}, '', '/one?page=2')", []),
        ("history.replaceState({}, '', '/one')", []),
        ("location.hash = 'part'", []),
        ("history.pushState({}, '', '/two'); history.pushState({}, '', '/one')", ["/two", "/one"]),
    ],
)
def test_a_navigation_within_the_page_is_a_view_when_the_path_changes(
    tab: Tab, site: PageServer, collector: RecordingCollector, navigation: str, views: list[str]
) -> None:
    tab.open(site, "/one")
    tab.run(f"() => {{ {navigation} }}")
    seen = [name for name in tab.names_so_far(collector) if name.startswith("pageview")]
    assert seen == ["pageview /one", *(f"pageview {view}" for view in views)]


def test_going_back_and_forward_within_a_page_are_views(tab: Tab, site: PageServer) -> None:
    tab.open(site, "/one")
    tab.run("() => { history.pushState({}, '', '/two'); history.back() }")
    tab.wait_for(["pageview /one", "pageview /two", "pageview /one"])
    tab.run("history.forward()")
    tab.wait_for(["pageview /one", "pageview /two", "pageview /one", "pageview /two"])


def test_fragments_are_pages_only_where_asked(
    tab: Tab, site: PageServer, collector: RecordingCollector, embed: Callable[..., str]
) -> None:
    site.pages["/app"] = embed("data-test data-hash")
    tab.open(site, "/app?theme=dark#/inbox")
    tab.run("() => { location.hash = '#/outbox' }")
    tab.wait_for(["pageview /app?theme=dark#/inbox", "pageview /app?theme=dark#/outbox"])
    assert [beacon["h"] for beacon in tab.beacons] == [1] * len(tab.beacons)

    tab.open(site, "/one#/inbox")
    assert tab.names_so_far(collector)[-1] == "pageview /one"


def test_a_page_restored_from_the_back_forward_cache_is_a_view(tab: Tab, site: PageServer) -> None:
    tab.open(site, "/one")
    tab.run("window.isSameDocument = true")
    tab.open(site, "/two")
    with tab.page.expect_navigation(wait_until="commit"):
        tab.run("() => { setTimeout(() => history.back()) }")
    tab.wait_for(["pageview /one", "pageview /two", "pageview /one"])
    assert tab.run("window.isSameDocument") is True, "Chromium loaded the page anew: this test shows nothing"
    assert tab.pageviews()[2]["r"] == ""


def test_only_the_first_page_has_a_referrer(tab: Tab, site: PageServer, collector: RecordingCollector) -> None:
    tab.page.goto(site.url("/one"), referer="https://search.test/results")
    tab.run("history.pushState({}, '', '/two')")
    tab.beacons_so_far(collector)
    assert [view["r"] for view in tab.pageviews()] == ["https://search.test/results", ""]


def test_the_page_before_is_the_referrer_of_the_next(tab: Tab, site: PageServer, collector: RecordingCollector) -> None:
    tab.open(site, "/one")
    tab.run("() => { location.href = '/two' }")
    tab.page.wait_for_url("**/two")
    tab.beacons_so_far(collector)
    assert tab.pageviews()[1]["r"] == site.url("/one", SITE)
