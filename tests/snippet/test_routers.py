"""Pages that navigate by themselves, with the Navigation API and, as in older browsers, without it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from snippet.tab import Tab
from support.browser import PageServer, RecordingCollector

NO_NAVIGATION_API = "Object.defineProperty(window, 'navigation', {value: undefined, configurable: true})"
# As libraries for React do it: a context around the history, links that are caught, a redirect while rendering.
ROUTER = """<div id="root"></div><script>
  const listeners = new Set();
  const navigate = (to, { replace } = {}) => {
    history[replace ? "replaceState" : "pushState"]({ key: Math.random() }, "", to);
    listeners.forEach((render) => render());
  };
  addEventListener("popstate", () => listeners.forEach((render) => render()));
  listeners.add(() => {
    if (location.pathname == "/old") return navigate("/new", { replace: true });
    root.innerHTML = `<h1>${location.pathname}</h1><a href="/list">List</a> <a href="/old">Old</a>`;
  });
  addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (link) { event.preventDefault(); navigate(link.pathname); }
  });
  listeners.forEach((render) => render());
</script>"""
# As Turbo does it: the next page is fetched, its body swapped in, its scripts taken over; head and window stay.
TURBO = """<a id="next" href="/turbo-2">Next</a><script>
  window.isTurbo ??= addEventListener("click", async (event) => {
    if (event.target.id != "next") return;
    event.preventDefault();
    const next = new DOMParser().parseFromString(await (await fetch(event.target.href)).text(), "text/html");
    history.pushState({ turbo: {} }, "", event.target.href);
    document.body.replaceWith(document.adoptNode(next.body));
    for (const old of next.querySelectorAll("script[src]")) {
      const fresh = document.createElement("script");
      for (const { name, value } of old.attributes) fresh.setAttribute(name, value);
      document.head.append(fresh);
    }
    window.isSwapped = true;
  }) ?? true;
</script>"""
# A page that has put something before the calls, and does it again later.
PATCHED = """<script>
  const patch = () => ["pushState", "replaceState"].forEach((method) => {
    const before = history[method];
    history[method] = function (...given) { window.calls = (window.calls ?? 0) + 1; return before.apply(this, given) };
  });
  patch();
  addEventListener("load", patch);
</script>"""


@pytest.fixture(params=["Navigation API", "history"])
def browser_tab(tab: Tab, request: pytest.FixtureRequest) -> Tab:
    if request.param == "history":
        tab.page.add_init_script(NO_NAVIGATION_API)
    return tab


def views(tab: Tab, collector: RecordingCollector) -> list[str]:
    return [name.split()[1] for name in tab.names_so_far(collector) if name.startswith("pageview")]


def test_pages_of_all_kinds_are_counted_once_each(
    browser_tab: Tab, site: PageServer, collector: RecordingCollector, embed: Callable[..., str]
) -> None:
    tab, page = browser_tab, browser_tab.page
    site.pages |= {"/app": embed(body=ROUTER), "/patched": embed(head=PATCHED)}
    site.pages |= {f"/turbo-{n}": embed(body=TURBO) for n in (1, 2)}
    tab.open(site, "/app")
    page.get_by_role("link", name="List").click()
    page.get_by_role("link", name="Old").click()
    page.get_by_role("heading", name="/new").wait_for()
    tab.run("() => { history.back() }")
    page.get_by_role("heading", name="/list").wait_for()
    expected = ["/app", "/list", "/old", "/new", "/list"]
    assert views(tab, collector) == expected

    tab.open(site, "/turbo-1")
    page.locator("#next").click()
    page.wait_for_function("window.isSwapped")
    expected += ["/turbo-1", "/turbo-2"]
    assert views(tab, collector) == expected

    tab.open(site, "/patched")
    tab.run("() => { history.pushState({}, '', '/two'); history.replaceState({}, '', '/two?page=2') }")
    expected += ["/patched", "/two"]
    assert views(tab, collector) == expected
    assert tab.run("window.calls") == 4


def test_a_path_that_only_replaces_another_is_a_page(
    browser_tab: Tab, site: PageServer, collector: RecordingCollector
) -> None:
    browser_tab.open(site, "/one")
    browser_tab.run("() => { history.replaceState({}, '', '/instead') }")
    assert views(browser_tab, collector) == ["/one", "/instead"]


def test_rapid_navigation_loses_nothing(browser_tab: Tab, site: PageServer, collector: RecordingCollector) -> None:
    browser_tab.open(site, "/one")
    browser_tab.run("() => { for (let n = 0; n < 100; n++) history.pushState({}, '', `/page-${n}`) }")
    assert views(browser_tab, collector) == ["/one", *(f"/page-{n}" for n in range(100))]


def test_an_element_called_navigation_is_no_navigation_api(
    tab: Tab, site: PageServer, collector: RecordingCollector, embed: Callable[..., str]
) -> None:
    tab.page.add_init_script("delete window.navigation; delete Window.prototype.navigation")
    site.pages["/named"] = embed(body="<nav id='navigation'></nav>")
    tab.open(site, "/named")
    assert tab.run("navigation.tagName") == "NAV"
    tab.run("history.pushState({}, '', '/two')")
    assert views(tab, collector) == ["/named", "/two"]


def test_the_smallest_script_follows_navigations_too(
    browser_tab: Tab, site: PageServer, collector: RecordingCollector, embed: Callable[..., str]
) -> None:
    site.pages["/small"] = embed(features="pageviews")
    browser_tab.open(site, "/small")
    browser_tab.run("() => { history.pushState({}, '', '/two'); history.pushState({}, '', '/two?page=2') }")
    assert views(browser_tab, collector) == ["/small", "/two"]
