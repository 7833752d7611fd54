"""Pages that a browser holds ready, or that open behind another: in a Chromium that no test drives."""

from __future__ import annotations

from collections.abc import Callable

from snippet.tab import SITE, name_of
from support.browser import PageServer, RecordingCollector, open_undriven

TELL = "<script type='module'>fetch(`/told/${document.visibilityState}${location.pathname}`)</script>"


def names(collector: RecordingCollector, count: int) -> list[str]:
    """Return names and paths of the beacons once there are `count`."""
    return [name_of(beacon.fields) for beacon in collector.wait_for(count)]


def test_a_prerendered_page_counts_when_it_is_shown(
    site: PageServer, collector: RecordingCollector, embed: Callable[..., str]
) -> None:
    rules = '<script type="speculationrules">{"prerender": [{"urls": ["/next"], "eagerness": "immediate"}]}</script>'
    go = "<script>fetch('/gate/go').then(() => { location.href = '/next' })</script>"
    site.pages["/"] = embed("", head=rules + go)
    site.pages["/next"] = embed("", body=TELL)
    with open_undriven(site.url("/", SITE)):
        site.wait_for_request("/told/hidden/next")
        assert names(collector, 1) == ["pageview /"]
        site.open_gate("/gate/go")
        assert sorted(names(collector, 3)) == ["engagement /", "pageview /", "pageview /next"]
    (shown,) = [beacon for beacon in collector.beacons if name_of(beacon.fields) == "pageview /next"]
    assert "sec-purpose" not in shown.headers, "a collector would take this for a page that nobody saw"


def test_a_page_behind_another_counts_when_it_is_shown(
    site: PageServer, collector: RecordingCollector, embed: Callable[..., str]
) -> None:
    site.pages["/"] = embed("", body="<script>fetch('/gate/open').then(() => open('/front'))</script>")
    site.pages["/front"] = embed(
        "",
        body="<script>fetch('/gate/turn').then(() => { opener.location = '/behind' });"
        "fetch('/gate/close').then(() => close())</script>",
    )
    site.pages["/behind"] = embed("", head="<script>footfall = { q: [['Early']] }</script>", body=TELL)
    with open_undriven(site.url("/", SITE)):
        assert names(collector, 1) == ["pageview /"]
        site.open_gate("/gate/open")
        assert sorted(names(collector, 3)) == ["engagement /", "pageview /", "pageview /front"]
        site.open_gate("/gate/turn")
        site.wait_for_request("/told/hidden/behind")
        assert len(collector.beacons) == 3
        site.open_gate("/gate/close")
        assert sorted(names(collector, 6)[3:]) == ["Early /behind", "engagement /front", "pageview /behind"]
