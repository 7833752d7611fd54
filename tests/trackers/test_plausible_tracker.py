"""The npm package plausible-tracker, unchanged: older than its successor, and still on many sites."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schema.hit import Kind
from trackers.visit import Visit


def tracker(start: str = "", **options: Any) -> str:
    """Return the module that a site with these options would have; `start` is what it calls first."""
    return f"""
        import Plausible from "/node_modules/plausible-tracker/build/module/index.js";
        window.plausible = Plausible({{ domain: "example.com", apiHost: COLLECTOR, ...{json.dumps(options)} }});
        {start}
    """


AUTOMATIC = "plausible.enableAutoPageviews();"


def call(visit: Visit, method: str, *arguments: Any) -> None:
    """Call a method of the tracker, and return once it calls back."""
    name, *rest = (json.dumps(argument) for argument in arguments)
    options = f"{{...{rest[0] if rest else '{}'}, callback}}"
    visit.run(f"() => new Promise(callback => plausible.{method}({name}, {options}))")


def test_a_page_opened_is_a_pageview(visit: Visit) -> None:
    visit.open(tracker(AUTOMATIC), "/pricing?utm_source=letter&q=private")
    (hit,) = visit.hits(1)
    assert (hit.site, hit.kind, hit.path, hit.interactive) == ("example.com", Kind.PAGEVIEW, "/pricing", True)
    assert (hit.utm_source, hit.browser, hit.props) == ("letter", "Chromium", ())
    assert hit.screen != ""  # it tells the window's width, which its successor does not
    assert visit.statuses == [202]


def test_each_step_of_a_single_page_application_is_a_pageview(visit: Visit) -> None:
    visit.open(tracker(AUTOMATIC), "/app")
    visit.hits(1)
    visit.run("history.pushState({}, '', '/app/settings')")
    visit.hits(2)
    visit.page.go_back()
    assert [(hit.kind, hit.path) for hit in visit.hits(3)] == [
        (Kind.PAGEVIEW, "/app"),
        (Kind.PAGEVIEW, "/app/settings"),
        (Kind.PAGEVIEW, "/app"),
    ]


def test_a_custom_event_has_its_properties_and_calls_back(visit: Visit) -> None:
    visit.open(tracker(), "/plans")
    call(visit, "trackEvent", "Signup", {"props": {"plan": "Team", "seats": 12, "trial": False}})
    (hit,) = visit.hits(1)
    assert (hit.kind, hit.name, hit.path, hit.interactive) == (Kind.EVENT, "Signup", "/plans", True)
    assert dict(hit.props) == {"plan": "Team", "seats": "12", "trial": "false"}
    assert isinstance(visit.sent[0]["p"], str)  # JSON within the JSON


def test_a_page_given_by_hand_is_that_page(visit: Visit) -> None:
    visit.open(tracker(), "/real")
    given = {"url": f"http://{visit.host}/given", "referrer": "https://news.example/list?id=7"}
    call(visit, "trackPageview", given)
    (hit,) = visit.hits(1)
    assert (hit.kind, hit.path, hit.referrer) == (Kind.PAGEVIEW, "/given", "news.example/list")


def test_an_outbound_link_is_an_event(visit: Visit) -> None:
    there = visit.site.url("/there", "elsewhere.test")
    visit.open(tracker("plausible.enableAutoOutboundTracking();"), "/links", f'<a href="{there}?session=1">out</a>')
    visit.page.click("a")
    (hit,) = visit.hits(1)
    assert (hit.kind, hit.path, hit.name) == (Kind.EVENT, "/links", "Outbound Link: Click")
    assert hit.props == (("url", there),)
    visit.page.wait_for_url(f"{there}?session=1")


def test_hash_mode_tells_pages_apart_by_their_fragment(visit: Visit) -> None:
    visit.open(tracker(AUTOMATIC, hashMode=True), "/app#/inbox")
    visit.hits(1)
    visit.run("history.pushState({}, '', '#/archive')")
    assert [hit.path for hit in visit.hits(2)] == ["/app#/inbox", "/app#/archive"]


def test_several_sites_have_a_hit_each(visit: Visit) -> None:
    visit.open(tracker(AUTOMATIC, domain="example.com,shop.example"), "/shared")
    hits = visit.hits(2)
    assert sorted((hit.site, hit.path) for hit in hits) == [("example.com", "/shared"), ("shop.example", "/shared")]


def test_an_unknown_site_is_refused_and_calls_back_all_the_same(visit: Visit) -> None:
    visit.is_refused = True
    visit.open(tracker(domain="stranger.example"))
    call(visit, "trackEvent", "Signup")
    assert visit.hits(0) == []
    assert visit.statuses == [400]


@pytest.mark.parametrize(("host", "path"), [("localhost", "/named-by-name"), ("127.0.0.1", "/named-by-number")])
def test_localhost_counts_only_where_it_is_asked_to(visit: Visit, host: str, path: str) -> None:
    visit.host = host
    said: list[str] = []
    visit.page.on("console", lambda message: said.append(message.text))
    visit.open(tracker(AUTOMATIC), path)
    assert "locally" in said[0]
    visit.open(tracker(trackLocalhost=True), path)
    call(visit, "trackEvent", "Signup")
    assert [sent["n"] for sent in visit.sent] == ["Signup"]
    assert visit.pages_kept().count(path) == 1
