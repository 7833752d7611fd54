"""What the reader follows and submits: links to other sites, files, forms, and elements that are tagged."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from snippet.tab import SITE, Tab
from support.browser import PageServer, RecordingCollector

BODY = """
<a id="out" href="https://other.test/a/page?token=secret#part">Out</a>
<a id="blank" target="_blank" href="https://other.test/blank">Out, in a tab of its own</a>
<a id="nested" href="https://other.test/nested"><b><i>Deep inside</i></b></a>
<a id="inner" href="/two">In</a>
<a id="file" href="/files/report.PDF?user=7">A file</a>
<a id="far" href="https://other.test/set.tar.gz">A file elsewhere</a>
<a id="named" href="https://other.test/pdf">No file</a>
<a id="within" href="https://other.test/report.pdf.html">About a file</a>
<a id="mail" href="mailto:someone@other.test">Mail</a>
<a id="script" href="javascript:void 0">Script</a>
<svg width="50" height="50"><a id="drawn" href="https://other.test/drawn"><rect width="50" height="50"/></a></svg>
<a id="stopped" href="https://other.test/stopped" onclick="event.stopImmediatePropagation()">Stopped</a>
<x-shadow></x-shadow>
<button id="tagged" data-footfall="Signup" data-footfall-props='{"plan":"team"}'><b>Sign up</b></button>
<form name="newsletter"><input name="email" value="someone@other.test"><button id="send">Go</button></form>
<form data-footfall="Search" name="search"><input name="name" id="query"><button id="find">Find</button></form>
<script>
  const root = document.querySelector("x-shadow").attachShadow({ mode: "open" });
  root.innerHTML = '<a id="shadowed" href="https://other.test/shadowed">In a shadow</a>';
  addEventListener("submit", (event) => event.preventDefault());
  const isLink = (element) => /^a$/i.test(element.tagName);
  const prevent = (event) => event.composedPath().some(isLink) && event.preventDefault();
  if (!location.search) addEventListener("click", prevent, true);
</script>"""


@pytest.fixture
def links(site: PageServer, embed: Callable[..., str], tab: Tab) -> Tab:
    """A tab with many things to click; its links lead nowhere."""
    site.pages["/links"] = embed(body=BODY)
    tab.page.context.route("https://other.test/**", lambda route: route.fulfill(body="elsewhere"))
    tab.open(site, "/links")
    return tab


def events(tab: Tab, collector: RecordingCollector) -> list[tuple[str, Any]]:
    """Return name and properties of each event until now."""
    beacons = tab.beacons_so_far(collector)
    return [(b["n"], b.get("p")) for b in beacons if b["n"] not in ("pageview", "engagement")]


OUT = "Outbound Link: Click"
CLICKS: dict[str, list[tuple[str, Any]]] = {
    "#out": [(OUT, {"url": "https://other.test/a/page"})],  # without its query
    "#blank": [(OUT, {"url": "https://other.test/blank"})],
    "#nested i": [(OUT, {"url": "https://other.test/nested"})],
    "#stopped": [(OUT, {"url": "https://other.test/stopped"})],  # stopped on its way up: we saw it on its way down
    "#shadowed": [(OUT, {"url": "https://other.test/shadowed"})],
    "#inner": [],
    "#mail": [],
    "#script": [],
    "#drawn": [],
    "#far": [("File Download", {"url": "https://other.test/set.tar.gz"})],
    "#named": [(OUT, {"url": "https://other.test/pdf"})],
    "#within": [(OUT, {"url": "https://other.test/report.pdf.html"})],
    "#tagged b": [("Signup", '{"plan":"team"}')],
    "#send": [("Form: Submission", {"form": "newsletter"})],  # and nothing that was typed
    "#find": [("Search", None), ("Form: Submission", {"form": "search"})],
    "#query": [],
}


def test_each_click_is_the_event_that_it_should_be(links: Tab, collector: RecordingCollector) -> None:
    seen = 0
    for target, expected in CLICKS.items():
        links.page.locator(target).click()
        found = events(links, collector)
        assert (target, found[seen:]) == (target, expected)
        seen = len(found)


def test_a_file_is_known_by_its_ending(links: Tab, site: PageServer, collector: RecordingCollector) -> None:
    links.page.locator("#file").click()
    assert events(links, collector) == [("File Download", {"url": site.url("/files/report.PDF", SITE)})]


@pytest.mark.parametrize("options", [{"button": "middle"}, {"modifiers": ["Control"]}, {"modifiers": ["Shift"]}])
def test_a_link_opened_in_another_tab_counts_once(
    links: Tab, collector: RecordingCollector, options: dict[str, Any]
) -> None:
    links.page.locator("#out").click(**options)
    links.page.bring_to_front()
    assert [name for name, _ in events(links, collector)] == ["Outbound Link: Click"]


def test_a_right_click_opens_a_menu_and_is_none(links: Tab, collector: RecordingCollector) -> None:
    links.page.locator("#out").click(button="right")
    assert events(links, collector) == []


def test_a_link_followed_with_the_keyboard_counts(links: Tab, collector: RecordingCollector) -> None:
    links.page.locator("#out").focus()
    links.page.keyboard.press("Enter")
    assert [name for name, _ in events(links, collector)] == ["Outbound Link: Click"]


def test_no_click_waits_for_the_collector(
    links: Tab, site: PageServer, collector: RecordingCollector, embed: Callable[..., str]
) -> None:
    links.open(site, "/links?follow")
    collector.wait_for(2)
    with collector.holding():
        start = time.monotonic()
        links.page.locator("#out").click()
        links.page.wait_for_url("https://other.test/**")
        assert time.monotonic() - start < 10, "the collector answers nothing for 20 seconds"
        names = {beacon.fields["n"] for beacon in collector.wait_for(4)}
    assert "Outbound Link: Click" in names


def test_only_what_was_chosen_is_counted(
    site: PageServer, embed: Callable[..., str], tab: Tab, collector: RecordingCollector
) -> None:
    site.pages["/few"] = embed(body=BODY, features="downloads")
    tab.page.context.route("https://other.test/**", lambda route: route.fulfill(body="elsewhere"))
    tab.page.add_init_script("Object.defineProperty(Navigator.prototype, 'webdriver', {get: () => false})")
    tab.open(site, "/few")
    for target in ("#out", "#far", "#tagged", "#send"):
        tab.page.locator(target).click()
    assert [name for name, _ in events(tab, collector)] == ["File Download"]
