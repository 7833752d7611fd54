"""Pages that break things: the snippet neither suffers more than it must, nor adds to the damage."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from snippet.tab import Tab
from support.browser import PageServer, RecordingCollector

BREAKAGES = {
    "fetch throws": "window.fetch = () => { throw new Error('no') }",
    "fetch is gone": "delete window.fetch",
    "fetch gives nothing": "window.fetch = () => {}",
    "history is frozen": "Object.freeze(history)",
    "no root element": "addEventListener('blur', () => document.documentElement.remove(), true)",
    "no random numbers": "Object.defineProperty(window, 'crypto', {value: undefined})",
    "no time zone": "Intl.DateTimeFormat = undefined",
}


@pytest.mark.parametrize("breakage", BREAKAGES.values(), ids=BREAKAGES.keys())
def test_a_broken_page_hears_nothing_from_the_snippet(tab: Tab, site: PageServer, breakage: str) -> None:
    tab.page.add_init_script(breakage)
    tab.page.add_init_script("addEventListener('unhandledrejection', (event) => { window.rejection = event.reason })")
    tab.open(site, "/one")
    did = tab.run("""async () => {
        history.pushState({}, '', '/two');
        dispatchEvent(new Event('scroll'));
        document.hasFocus = () => false;
        dispatchEvent(new Event('blur'));
        await new Promise((resolve) => setTimeout(resolve));
        return [location.pathname, window.rejection];
    }""")
    assert did == ["/two", None]


def test_a_page_that_throws_is_counted(
    tab: Tab, site: PageServer, collector: RecordingCollector, embed: Callable[..., str]
) -> None:
    site.pages["/throws"] = embed(head="<script>throw new Error('the page')</script>")
    tab.open(site, "/throws")
    assert tab.names_so_far(collector) == ["pageview /throws"]
    assert tab.errors == ["the page"]
    tab.errors.clear()


def test_what_the_page_does_wrong_with_its_history_is_still_its_own_to_catch(tab: Tab, site: PageServer) -> None:
    tab.open(site)
    assert (
        tab.run("() => { try { history.pushState(() => {}, '') } catch (error) { return error.name } }")
        == "DataCloneError"
    )
    assert tab.run("() => { history.replaceState({kept: 1}, ''); return history.state.kept }") == 1


def test_a_module_cannot_read_its_attributes_and_stays_quiet(
    tab: Tab, site: PageServer, collector: RecordingCollector, embed: Callable[..., str]
) -> None:
    site.pages["/module"] = embed("data-test type='module'")
    tab.open(site, "/module")
    assert tab.beacons_so_far(collector) == []


def test_a_collector_that_is_down_does_not_show(tab: Tab, site: PageServer, collector: RecordingCollector) -> None:
    collector.next_statuses.extend([0] * 9)
    tab.open(site, "/one")
    tab.run("() => { footfall('Click'); history.pushState({}, '', '/two') }")
    collector.wait_for(4)
    assert tab.run("location.pathname") == "/two"
