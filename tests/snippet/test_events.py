"""Custom events: `footfall(name, {props, revenue, interactive})`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from snippet.tab import Tab
from support.browser import PageServer, RecordingCollector

QUEUE = "<script>window.footfall ||= function () { (footfall.q ||= []).push(arguments) }; footfall('Early')</script>"


def test_an_event_carries_what_the_page_gave_it(tab: Tab, site: PageServer, collector: RecordingCollector) -> None:
    tab.open(site, "/one")
    tab.run("footfall('Order', {props: {size: 'L'}, revenue: {currency: 'EUR', amount: 9.5}, interactive: false})")
    tab.run("footfall('Order')")
    _, full, bare = tab.beacons_so_far(collector)
    assert (full["n"], full["props"], full["revenue"], full["interactive"]) == (
        "Order",
        {"size": "L"},
        {"currency": "EUR", "amount": 9.5},
        False,
    )
    assert full["u"] == bare["u"] == tab.beacons[0]["u"]
    assert bare.keys() == tab.beacons[0].keys()


def test_an_event_that_came_before_the_snippet_follows_the_page_view(
    tab: Tab, site: PageServer, collector: RecordingCollector, embed: Callable[..., str]
) -> None:
    site.pages["/early"] = embed(head=QUEUE)
    tab.open(site, "/early")
    tab.run("footfall('Later')")
    tab.run("history.pushState({}, '', '/two')")
    names = [name for name in tab.names_so_far(collector) if not name.startswith("engagement")]
    assert names == ["pageview /early", "Early /early", "Later /early", "pageview /two"]


@pytest.mark.parametrize(
    "call",
    [
        "footfall()",
        "footfall('Click', null)",
        "footfall(null, 7)",
        "footfall('Click', {props: (() => { const loop = {}; loop.loop = loop; return loop })()})",
        "footfall('Click', {props: {count: 1n}})",
    ],
)
def test_no_call_throws_into_the_page(tab: Tab, site: PageServer, collector: RecordingCollector, call: str) -> None:
    tab.open(site)
    assert tab.run(f"() => {{ {call}; return 'went on' }}") == "went on"
    tab.run("footfall('After')")
    assert tab.names_so_far(collector)[-1] == "After /"
    assert len(tab.pageviews()) == 1, "a call without a name is no page view"
