"""The npm package @plausible-analytics/tracker, unchanged: what a page does with it ends as the right hits."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schema.hit import NO_SCROLL_DEPTH, Hit, Kind
from trackers.visit import Visit


def tracker(**options: Any) -> str:
    """Return the module that a site with these options would have."""
    return f"""
        import {{ init, track }} from "/node_modules/@plausible-analytics/tracker/plausible.js";
        window.track = track;
        init({{ domain: "example.com", endpoint: COLLECTOR + "/api/event", ...{json.dumps(options)} }});
    """


def track(visit: Visit, name: str, **options: Any) -> Any:
    """Call `track`, and return what it tells its callback."""
    return visit.run(
        f"() => new Promise(callback => track({json.dumps(name)}, {{...{json.dumps(options)}, callback}}))"
    )


def of_kind(kind: Kind, hits: list[Hit]) -> list[Hit]:
    return [hit for hit in hits if hit.kind is kind]


def test_a_page_opened_is_a_pageview(visit: Visit) -> None:
    visit.open(tracker(), "/pricing?utm_source=letter&q=private")
    (hit,) = visit.hits(1)
    assert (hit.site, hit.kind, hit.name, hit.path, hit.interactive) == (
        "example.com", Kind.PAGEVIEW, "pageview", "/pricing", True,
    )  # fmt: skip
    assert (hit.utm_source, hit.device, hit.browser, hit.props) == ("letter", "Desktop", "Chromium", ())
    assert visit.statuses == [202]


def test_each_step_of_a_single_page_application_is_a_pageview_with_the_engagement_of_the_one_before(
    visit: Visit,
) -> None:
    visit.open(tracker(), "/app")
    visit.hits(1)
    visit.run("history.pushState({}, '', '/app/settings')")
    visit.hits(3)
    visit.run("history.pushState({}, '', '/app/settings?tab=2')")  # the same path: not a pageview
    visit.page.go_back()
    visit.page.go_back()
    hits = visit.hits(5)
    assert [hit.path for hit in of_kind(Kind.PAGEVIEW, hits)] == ["/app", "/app/settings", "/app"]
    assert [hit.path for hit in of_kind(Kind.ENGAGEMENT, hits)] == ["/app", "/app/settings"]


def test_a_custom_event_has_its_properties_and_tells_its_status(visit: Visit) -> None:
    visit.open(tracker(autoCapturePageviews=False), "/plans")
    props = {"plan": "Team", "seats": 12, "trial": False, "gone": None}
    assert track(visit, "Signup", props=props) == {"status": 202}
    (hit,) = visit.hits(1)
    assert (hit.kind, hit.name, hit.path, hit.interactive) == (Kind.EVENT, "Signup", "/plans", True)
    assert dict(hit.props) == {"plan": "Team", "seats": "12", "trial": "false"}


def test_an_event_that_is_not_interactive_is_kept_as_that(visit: Visit) -> None:
    visit.open(tracker(autoCapturePageviews=False))
    assert track(visit, "Video ended", interactive=False) == {"status": 202}
    assert [hit.interactive for hit in visit.hits(1)] == [False]


@pytest.mark.parametrize(
    ("amount", "currency", "minor_units"), [(15.99, "USD", 1599), ("1200", "JPY", 1200), (0.1, "eur", 10)]
)
def test_revenue_is_kept_in_minor_units(visit: Visit, amount: Any, currency: str, minor_units: int) -> None:
    visit.open(tracker(autoCapturePageviews=False), "/checkout")
    assert track(visit, "Purchase", revenue={"amount": amount, "currency": currency}) == {"status": 202}
    (hit,) = visit.hits(1)
    assert (hit.name, hit.revenue, hit.currency) == ("Purchase", minor_units, currency.upper())


def test_a_page_given_by_hand_is_that_page(visit: Visit) -> None:
    visit.open(tracker(autoCapturePageviews=False), "/real")
    assert track(visit, "pageview", url=f"http://{visit.host}/given?ref=letter") == {"status": 202}
    (hit,) = visit.hits(1)
    assert (hit.kind, hit.path, hit.source) == (Kind.PAGEVIEW, "/given", "letter")


def test_custom_properties_go_with_pageviews_and_their_engagement(visit: Visit) -> None:
    visit.open(tracker(customProperties={"section": "news"}), "/a")
    visit.hits(1)
    visit.run("history.pushState({}, '', '/b')")
    hits = visit.hits(3)
    assert [(hit.kind, dict(hit.props)) for hit in sorted(hits, key=lambda hit: hit.kind)] == [
        (Kind.PAGEVIEW, {"section": "news"}),
        (Kind.PAGEVIEW, {"section": "news"}),
        (Kind.ENGAGEMENT, {"section": "news"}),
    ]


def test_an_outbound_link_a_download_and_a_form_are_events(visit: Visit) -> None:
    visit.open(
        tracker(outboundLinks=True, fileDownloads=True, formSubmissions=True, autoCapturePageviews=False),
        "/links",
        f"""
        <a id=out target=_blank href="{visit.site.url("/there?session=1", "elsewhere.test")}">out</a>
        <a id=file target=_blank href="/files/report.pdf?version=2">file</a>
        <form target=_blank action="/sent"><button>send</button></form>
        """,
    )
    port = visit.site.url().rpartition(":")[2]
    for number, selector in enumerate(("#out", "#file", "button"), start=1):
        visit.page.click(selector)
        visit.hits(number)
    assert [(hit.kind, hit.path, hit.name, hit.props) for hit in visit.hits(3)] == [
        (Kind.EVENT, "/links", "Outbound Link: Click", (("url", f"http://elsewhere.test:{port}/there"),)),
        (Kind.EVENT, "/links", "File Download", (("url", f"http://{visit.host}:{port}/files/report.pdf"),)),
        (Kind.EVENT, "/links", "Form: Submission", ()),
    ]


def test_an_element_tagged_with_classes_is_an_event(visit: Visit) -> None:
    classes = "plausible-event-name=Order+now plausible-event-size=L plausible-revenue-amount=9.50"
    visit.open(
        tracker(autoCapturePageviews=False),
        "/",
        f"<button class='{classes} plausible-revenue-currency=EUR'>buy</button>",
    )
    visit.page.click("button")
    (hit,) = visit.hits(1)
    assert (hit.name, hit.props, hit.revenue, hit.currency) == ("Order now", (("size", "L"),), 950, "EUR")


def test_hash_routing_tells_pages_apart_by_their_fragment(visit: Visit) -> None:
    visit.open(tracker(hashBasedRouting=True), "/app#/inbox")
    visit.hits(1)
    visit.run("location.hash = '#/archive'")
    hits = visit.hits(3)
    assert [hit.path for hit in of_kind(Kind.PAGEVIEW, hits)] == ["/app#/inbox", "/app#/archive"]
    assert [hit.path for hit in of_kind(Kind.ENGAGEMENT, hits)] == ["/app#/inbox"]


def test_engagement_has_the_time_and_depth_of_reading(visit: Visit) -> None:
    visit.name_collector()
    visit.page.clock.install()
    visit.page.clock.pause_at("2100-01-01")
    visit.open(tracker(), "/long", "<body style='margin: 0'><div style='height: 3600px'></div>")
    visit.hits(1)  # whoever leaves before the view is answered has read nothing
    visit.run("() => new Promise(seen => { addEventListener('scroll', seen); scrollTo(0, 1080) })")
    visit.page.clock.run_for(10_000)
    visit.page.goto("about:blank")
    view, engagement = visit.hits(2)
    assert (view.kind, view.engaged_ms, view.scroll_depth) == (Kind.PAGEVIEW, 0, NO_SCROLL_DEPTH)
    assert (engagement.kind, engagement.path, engagement.name) == (Kind.ENGAGEMENT, "/long", "engagement")
    assert (engagement.engaged_ms, engagement.scroll_depth) == (10_000, 50)
    assert visit.sent[-1]["v"] == 36  # its version, which tells us nothing


def test_several_sites_have_a_hit_each(visit: Visit) -> None:
    visit.open(tracker(domain="example.com, www.shop.example"), "/shared")
    hits = visit.hits(2)
    assert sorted((hit.site, hit.path) for hit in hits) == [("example.com", "/shared"), ("shop.example", "/shared")]
    assert len({hit.visitor for hit in hits}) == 2


def test_an_unknown_site_is_told_to_the_callback(visit: Visit) -> None:
    visit.is_refused = True
    visit.open(tracker(domain="stranger.example", autoCapturePageviews=False))
    assert track(visit, "Signup") == {"status": 400}
    assert visit.hits(0) == []
    assert visit.statuses == [400]


@pytest.mark.parametrize(("host", "path"), [("localhost", "/by-name"), ("127.0.0.1", "/by-number")])
def test_localhost_counts_only_where_it_is_asked_to(visit: Visit, host: str, path: str) -> None:
    visit.host = host
    visit.open(tracker(autoCapturePageviews=False), path)
    assert track(visit, "pageview") is None
    assert visit.sent == []
    visit.open(tracker(autoCapturePageviews=False, captureOnLocalhost=True), path)
    assert track(visit, "pageview") == {"status": 202}
    assert visit.pages_kept().count(path) == 1


def test_a_driven_browser_is_left_out_by_the_tracker_itself(visit: Visit) -> None:
    visit.open(tracker(autoCapturePageviews=False))
    visit.run("delete window.__plausible")
    assert track(visit, "pageview") is None
    assert visit.sent == []
