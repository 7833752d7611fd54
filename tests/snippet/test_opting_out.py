"""Whose page views are not told to anyone: who objects, and who is no reader."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from collector.script_sections import make_script
from schema.snippet import FEATURES
from snippet.tab import SITE, Tab
from support.browser import PageServer, RecordingCollector

OBJECTIONS = {
    "Global Privacy Control": "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true})",
    "Do Not Track": "Object.defineProperty(Navigator.prototype, 'doNotTrack', {get: () => '1'})",
    "the local opt-out": "localStorage.footfall_ignore = 'true'",
}
NO_AUTOMATION = "Object.defineProperty(Navigator.prototype, 'webdriver', {get: () => false})"


@pytest.mark.parametrize("objection", OBJECTIONS.values(), ids=OBJECTIONS.keys())
def test_who_objects_is_not_counted(tab: Tab, site: PageServer, collector: RecordingCollector, objection: str) -> None:
    tab.page.add_init_script(objection)
    tab.open(site)
    tab.run("() => { footfall('Click'); history.pushState({}, '', '/two') }")
    assert tab.beacons_so_far(collector) == []


def test_an_objection_holds_from_the_moment_it_is_made(
    tab: Tab, site: PageServer, collector: RecordingCollector
) -> None:
    tab.open(site, "/one")
    tab.run("() => { localStorage.footfall_ignore = 'true'; history.pushState({}, '', '/two') }")
    assert tab.names_so_far(collector) == ["pageview /one"]


def test_an_objection_taken_back_is_none(tab: Tab, site: PageServer, collector: RecordingCollector) -> None:
    tab.page.add_init_script("localStorage.footfall_ignore = 1; delete localStorage.footfall_ignore")
    tab.open(site)
    assert tab.names_so_far(collector) == ["pageview /"]


def test_forbidden_storage_is_no_objection(tab: Tab, site: PageServer, collector: RecordingCollector) -> None:
    tab.page.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no', 'SecurityError') }})"
    )
    tab.open(site)
    assert tab.names_so_far(collector) == ["pageview /"]


@pytest.mark.parametrize(
    ("host", "is_counted"),
    [
        (SITE, True),
        ("localhost.shop.test", True),
        ("127.shop.test", True),
        ("localhost", False),
        ("app.localhost", False),
        ("127.0.0.1", False),
    ],
)
def test_the_developers_machine_counts_only_in_tests(
    tab: Tab, site: PageServer, collector: RecordingCollector, embed: Callable[..., str], host: str, is_counted: bool
) -> None:
    tab.page.add_init_script(NO_AUTOMATION)
    site.pages["/real"] = embed("")
    tab.open(site, "/real", host)
    tab.open(site, "/one", host)
    views = [name for name in tab.names_so_far(collector) if name.startswith("pageview")]
    assert views == (["pageview /real"] if is_counted else []) + ["pageview /one"]


def test_a_loopback_address_of_the_sixth_version_is_the_developers_machine(tab: Tab) -> None:
    """All of it comes from there, as Chromium lets no other page load a script from this machine."""
    script = make_script(FEATURES)
    assert script is not None
    page = "<!doctype html><title>A page</title><script defer src='/script.js'></script><p>Text"
    tab.page.add_init_script(NO_AUTOMATION)
    tab.page.route("http://[::1]/**", lambda route: route.fulfill(body="ok"))
    tab.page.route("http://[::1]/page", lambda route: route.fulfill(body=page, content_type="text/html"))
    tab.page.route("http://[::1]/script.js", lambda route: route.fulfill(body=script.content))
    tab.page.goto("http://[::1]/page")
    assert tab.run("typeof footfall") == "function"
    with tab.page.expect_request("**/marker"):
        tab.run("fetch('/marker', {method: 'POST', body: '{}'})")
    assert tab.beacons == []


def test_an_automated_browser_counts_only_in_tests(
    tab: Tab, site: PageServer, collector: RecordingCollector, embed: Callable[..., str]
) -> None:
    site.pages["/real"] = embed("")
    tab.open(site, "/real")
    assert tab.run("navigator.webdriver") is True
    assert tab.beacons_so_far(collector) == []


def test_a_file_is_not_counted(
    tab: Tab, collector: RecordingCollector, embed: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / "page.html").write_text(embed(""))
    tab.page.add_init_script(NO_AUTOMATION)
    tab.page.goto((tmp_path / "page.html").as_uri())
    assert tab.run("typeof footfall") == "function"
    assert tab.beacons_so_far(collector) == []
