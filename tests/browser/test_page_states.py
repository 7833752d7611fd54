"""Each state of the page as people meet it: accessible by axe-core, never wider than the screen, and photographed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page

from support.dashboard_server import signed_in

ROOT = Path(__file__).parents[2]
AXE = (ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
ARTEFACTS = ROOT / "artefacts"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
Scheme = Literal["light", "dark"]

STATES: dict[str, str] = {
    "full": "/example.com",
    "hours": "/example.com?period=day&metric=visits",
    "filtered": "/example.com?source=Google&not-country=US&has-page=/&by=week",
    "compared": "/example.com?compare=custom&against=2026-01-12&until=2026-01-31",
    "lists": "/example.com?sources=media&pages=exit&places=countries&devices=system",
    "event": "/example.com?event=Sign-up&period=day",
    "details": "/example.com?all=pages",
    "map": "/example.com?all=places",
    "nothing-found": "/example.com?all=pages&find=nowhere",
    "nothing-in-period": "/example.com?period=custom&from=2025-01-01&to=2025-01-31",
    "empty": "/quiet.example",
    "sites": "/",
    "no-site": "/?find=nowhere",
    "ledger": "/ledger",
    "bad-period": "/example.com?period=colour",
    "not-found": "/unknown.example",
}
IN_THE_DARK = ("full", "filtered", "details", "empty", "sites", "not-found")
FAILURES = ("bad-period", "not-found")


def violations(page: Page, within: str = "html") -> list[str]:
    """What axe-core finds, as `rule: element`; run in a world of its own, past the page's content policy."""
    session = page.context.new_cdp_session(page)
    tree = session.send("Page.getFrameTree")
    world = session.send("Page.createIsolatedWorld", {"frameId": tree["frameTree"]["frame"]["id"]})
    where = {"contextId": world["executionContextId"], "returnByValue": True, "awaitPromise": True}
    session.send("Runtime.evaluate", {"expression": AXE, "contextId": world["executionContextId"]})
    options = f"{{runOnly: {WCAG!r}}}"
    tell = "one.nodes.map(node => one.id + ': ' + node.html.slice(0, 200))"
    run = f"axe.run({within!r}, {options}).then(found => found.violations.flatMap(one => {tell}))"
    answer = session.send("Runtime.evaluate", {"expression": run, **where})
    assert "exceptionDetails" not in answer, answer
    return [str(found) for found in answer["result"]["value"]]


@pytest.mark.parametrize(
    ("state", "scheme"), [*((state, "light") for state in STATES), *((state, "dark") for state in IN_THE_DARK)]
)
def test_a_state_is_accessible_and_fits_every_screen(
    browser: Browser, dashboard: Any, state: str, scheme: Scheme
) -> None:
    with signed_in(browser, dashboard.address, may_fail=state in FAILURES, color_scheme=scheme) as page:
        page.goto(dashboard.address + STATES[state])
        assert violations(page) == []
        shoot(page, f"{state}-{scheme}")
        for width in (320, 390, 768, 1920):
            page.set_viewport_size({"width": width, "height": 844})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, width
            if width == 390:
                shoot(page, f"{state}-{scheme}-phone")
                assert violations(page) == []


@pytest.mark.parametrize("menu", ["filter", "periods", "comparison", "sites"])
def test_an_open_menu_is_accessible(browser: Browser, dashboard: Any, menu: str) -> None:
    with signed_in(browser, dashboard.address) as page:
        page.goto(f"{dashboard.address}/example.com")
        page.locator(f"[data-menu={menu}] > summary").click()
        assert violations(page, f"[data-menu={menu}]") == []  # what it half covers is small for as long as it is open
        shoot(page, f"menu-{menu}", full_page=False)


def test_the_list_of_keys_is_accessible(browser: Browser, dashboard: Any) -> None:
    with signed_in(browser, dashboard.address) as page:
        page.goto(f"{dashboard.address}/example.com")
        page.keyboard.press("?")
        assert violations(page) == []
        shoot(page, "keys", full_page=False)


def test_a_stranger_meets_an_accessible_page(browser: Browser, dashboard: Any) -> None:
    page = browser.new_page()
    page.goto(f"{dashboard.address}/example.com")
    assert violations(page) == []
    shoot(page, "private")
    page.close()


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_nothing_moves_for_who_asked_for_that(browser: Browser, dashboard: Any, motion: Any) -> None:
    with signed_in(browser, dashboard.address, reduced_motion=motion) as page:
        page.goto(f"{dashboard.address}/example.com")
        moving = page.evaluate("document.getAnimations().filter(one => one.playState === 'running').length")
        assert (moving > 0) == (motion == "no-preference")


def shoot(page: Page, name: str, *, full_page: bool = True) -> None:
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"dashboard-{name}.png", full_page=full_page)


def test_what_is_not_accessible_would_be_found(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content('<html lang="en"><title>x</title><main><img src="x"><p style="color: #ccc">pale</p></main></html>')
    assert {found.partition(":")[0] for found in violations(page)} == {"image-alt", "color-contrast"}
    page.close()
