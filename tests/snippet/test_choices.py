"""What the owner may set: manual page views, excluded paths, a function that changes beacons; and missing pages."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from snippet.tab import Tab
from support.browser import Answer, PageServer, RecordingCollector

QUEUE = "<script>window.footfall ||= function () { (footfall.q ||= []).push(arguments) }</script>"


def test_manual_page_views_are_those_that_were_asked_for(
    tab: Tab, site: PageServer, collector: RecordingCollector, embed: Callable[..., str]
) -> None:
    early = "<script>footfall('pageview', {url: 'https://shop.test/virtual'})</script>"
    site.pages["/manual"] = embed("data-test data-manual", head=QUEUE + early)
    tab.open(site, "/manual")
    tab.run("() => { history.pushState({}, '', '/two'); footfall('Click'); footfall('pageview') }")
    names = [(b["n"], b["u"].split("/", 3)[3]) for b in tab.beacons_so_far(collector) if b["n"] != "engagement"]
    assert names == [("pageview", "virtual"), ("Click", "two"), ("pageview", "two")]


@pytest.mark.parametrize(
    ("patterns", "path", "is_counted"),
    [
        ("/admin/**", "/admin/users/7", False),
        ("/admin/*", "/admin/users/7", True),
        ("/admin/*", "/admin/users", False),
        ("/admin", "/admin/users", True),
        ("/a.c", "/abc", True),
        ("/a.c /x+(1)", "/x+(1)", False),
        ("**", "/anything", False),
        ("*/edit", "/edit", False),
        ("", "/undefined", True),
    ],
)
def test_excluded_paths_are_nobodys_business(
    tab: Tab,
    site: PageServer,
    collector: RecordingCollector,
    embed: Callable[..., str],
    patterns: str,
    path: str,
    is_counted: bool,
) -> None:
    site.pages[path] = embed(f'data-test data-exclude="{patterns}"', head=QUEUE)
    tab.open(site, path)
    tab.run("() => { footfall('Click'); history.pushState({}, '', '/elsewhere'); }")
    names = [name for name in tab.names_so_far(collector) if not name.startswith("engagement")]
    own = [f"pageview {path}", f"Click {path}"] if is_counted else []
    assert names == own + (["pageview /elsewhere"] if patterns != "**" else [])


TRANSFORM = """<script>function mine(beacon) {
    if (beacon.n == 'Secret') return null;
    if (beacon.n == 'Broken') throw new Error('mine');
    beacon.u = beacon.u.replace(/order.\\d+/, 'order/N');
    return beacon;
}</script>"""


def test_a_function_may_change_or_drop_a_beacon(
    tab: Tab, site: PageServer, collector: RecordingCollector, embed: Callable[..., str]
) -> None:
    site.pages["/order/17"] = embed('data-test data-transform="mine"', head=TRANSFORM)
    tab.open(site, "/order/17")
    tab.run("() => { footfall('Secret'); footfall('Broken'); footfall('Click') }")
    assert [b["n"] + b["u"][-8:] for b in tab.beacons_so_far(collector)] == ["pageview/order/N", "Click/order/N"]


def test_a_function_that_is_not_there_lets_nothing_out(
    tab: Tab, site: PageServer, collector: RecordingCollector, embed: Callable[..., str]
) -> None:
    site.pages["/order/17"] = embed('data-test data-transform="mine"')
    tab.open(site, "/order/17")
    assert tab.beacons_so_far(collector) == []


class MissingPages(PageServer):
    """Answers every page that it has with 404."""

    def answer(self, method: str, path: str, headers: object, body: bytes) -> Answer:  # type: ignore[override]
        found = super().answer(method, path, headers, body)  # type: ignore[arg-type]
        return Answer(404, found.body, found.headers) if path.startswith("/gone") else found


def test_a_missing_page_is_an_event_of_the_first_page_only(
    tab: Tab, collector: RecordingCollector, embed: Callable[..., str]
) -> None:
    with MissingPages({"/gone": embed(), "/there": embed()}) as site:
        tab.open(site, "/gone")
        tab.run("history.pushState({}, '', '/two')")
        names = [name for name in tab.names_so_far(collector) if not name.startswith("engagement")]
        assert names == ["pageview /gone", "404 /gone", "pageview /two"]
        assert [b["i"] for b in tab.beacons if b["n"] == "404"] == [False]
        tab.open(site, "/there")
        assert tab.names_so_far(collector)[-1] == "pageview /there"
