"""What the page notices of the snippet: nothing, whatever the page is like."""

from __future__ import annotations

import json
from collections.abc import Callable

from playwright.sync_api import Browser

from snippet.tab import Tab
from support.browser import PageServer, RecordingCollector
from support.processes import wait_until

THROWING = """<script>
  const fail = () => { throw new Error("the page") };
  window.fetch = fail; JSON.stringify = fail; Array.prototype.find = fail; window.ResizeObserver = fail;
  history.pushState = fail; Event.prototype.composedPath = fail; Intl.DateTimeFormat = fail;
  for (const name of ["hidden", "prerendering"]) Object.defineProperty(document, name, { get: fail });
</script>"""
WATCH = """
  window.noise = []; window.longest = 0;
  for (const type of ["error", "unhandledrejection", "securitypolicyviolation"])
    addEventListener(type, (event) => noise.push(`${type}: ${event.message ?? event.reason ?? event.blockedURI}`));
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
    longest = Math.max(longest, entry.duration);
  })).observe({ type: "longtask", buffered: true });
"""
LEFT = """async () => [document.cookie, localStorage.length, sessionStorage.length,
  (await indexedDB.databases()).length,
  (await caches.keys()).length, (await navigator.serviceWorker.getRegistrations()).length]"""


def test_a_page_that_throws_everywhere_hears_nothing(
    tab: Tab, site: PageServer, embed: Callable[..., str], collector: RecordingCollector
) -> None:
    tab.page.add_init_script(WATCH)
    site.pages["/broken"] = embed(head=THROWING, body='<a href="#x">A link</a>')
    tab.open(site, "/broken")
    tab.page.get_by_role("link").click()
    tab.run("() => { footfall('Click'); dispatchEvent(new Event('blur')) }")
    assert tab.run("noise") == []
    assert collector.beacons == []


def test_a_strict_policy_with_trusted_types_is_kept(
    tab: Tab, site: PageServer, embed: Callable[..., str], collector: RecordingCollector
) -> None:
    tab.page.add_init_script(WATCH)
    policy = (
        f"default-src 'none'; script-src {collector.url()}/js/; connect-src {collector.url()}; "
        "require-trusted-types-for 'script'; trusted-types 'none'; base-uri 'none'; form-action 'none'"
    )
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    site.pages["/strict"] = embed(head=meta, body='<a href="/two.pdf" target="_blank">A file</a>')
    tab.open(site, "/strict")
    tab.page.get_by_role("link").click()
    tab.page.bring_to_front()
    names = {beacon.fields["n"] for beacon in collector.wait_for(2)}
    assert {"pageview", "File Download"} <= names
    assert tab.run("noise") == []


def test_ten_thousand_links_cost_what_one_does(
    tab: Tab, site: PageServer, embed: Callable[..., str], collector: RecordingCollector
) -> None:
    links = "".join(f'<a href="https://other.test/{n}">Link {n}</a> ' for n in range(10_000))
    site.pages["/links"] = embed(body=f"{links}<script>addEventListener('click', (e) => e.preventDefault())</script>")
    site.pages["/plain"] = f"<!doctype html><title>Plain</title>{links}"
    tab.open(site, "/links")
    tab.page.locator("a").nth(9_999).click()
    event = collector.wait_for(2)[-1].fields
    assert (event["n"], event["p"]) == ("Outbound Link: Click", {"url": "https://other.test/9999"})
    elements = tab.run("[...document.all].filter((element) => element.attributes.length > 1).length")
    assert elements == 1, "only the script's own tag has more attributes than the page gave: no link was touched"


def test_nothing_is_left_after_a_visit(tab: Tab, embed: Callable[..., str], collector: RecordingCollector) -> None:
    collector.pages |= {"/": embed(), "/two": embed(body='<a href="https://other.test/">Out</a>')}
    tab.open(collector, host="localhost")
    tab.run("() => { footfall('Click'); history.pushState({}, '', '/app'); scrollTo(0, 99) }")
    tab.open(collector, "/two", host="localhost")
    collector.wait_for(4)
    assert tab.run(LEFT) == ["", 0, 0, 0, 0, 0]
    assert tab.page.context.cookies() == []
    assert not any("cookie" in beacon.headers for beacon in collector.beacons)


def test_what_was_said_offline_is_told_once_back(tab: Tab, site: PageServer, collector: RecordingCollector) -> None:
    tab.open(site, "/one")
    collector.wait_for(1)
    tab.page.context.set_offline(True)
    with tab.page.expect_event("requestfailed"):
        tab.run("history.pushState({}, '', '/two')")
    tab.page.context.set_offline(False)

    def views() -> list[str]:
        return [b.fields["u"].rpartition("/")[2] for b in collector.beacons if b.fields["n"] == "pageview"]

    wait_until(lambda: len(views()) > 1, what="the second page view")
    assert views() == ["one", "two"]
    tab.run("1")  # let the tab note what it sent
    ids = [beacon["k"] for beacon in tab.beacons if beacon["u"].endswith("/two")]
    assert len(ids) == 2
    assert len(set(ids)) == 1


def test_loading_it_takes_two_milliseconds_at_most(
    chromium: Browser, tab: Tab, site: PageServer, collector: RecordingCollector
) -> None:
    """Of the main thread's own time, in the quietest of several loads: the others are those of a busy machine.

    And in it no task of the page was a long one.
    """
    tab.page.add_init_script(WATCH)
    spent, longest = [], []
    for number in range(1, 12):
        chromium.start_tracing(page=tab.page, categories=["devtools.timeline", "v8"])
        tab.open(site, "/one")
        collector.wait_for(number)
        events = json.loads(chromium.stop_tracing())["traceEvents"]
        longest.append(tab.run("longest"))
        ours = [event for event in events if "/js/script." in json.dumps(event.get("args", {}))]
        spent.append(sum(event.get("tdur", 0) for event in ours if event["name"] in ("EvaluateScript", "v8.compile")))
    assert 0 < min(spent) <= 2_000, spent  # microseconds
    assert min(longest) == 0, "each load had a task of 50 ms and more"
