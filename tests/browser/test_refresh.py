"""The page keeps itself up to date: nobody reloads it, and what was opened stays open."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Browser, expect

from support.busy_site import TODAY
from support.dashboard_server import signed_in
from support.rollup_rows import row

PATIENCE_MS = 60_000


def test_who_is_there_is_told_anew_without_a_reload(browser: Browser, dashboard: Any) -> None:
    with signed_in(browser, dashboard.address) as page:
        page.goto(f"{dashboard.address}/example.com")
        expect(page.locator("[data-live]")).to_have_text("3")
        page.evaluate("window.isSame = true")
        page.locator("[data-menu=live] summary").click()
        expect(page.locator("[data-menu=live]")).to_contain_text("Google")
        dashboard.rows.snapshot(1, 3, 2**60, TODAY)  # nobody in the other slot
        expect(page.locator("[data-live]")).to_have_text("0", timeout=PATIENCE_MS)
        people = row(visits=5, visitors=5, pageviews=5, source="Mastodon", exit_path="/pricing", country="FR")
        dashboard.rows.add_live("visits", 1, "a", people)  # beside the three
        dashboard.rows.snapshot(1, 4, 2**60, TODAY)
        expect(page.locator("[data-live]")).to_have_text("8", timeout=PATIENCE_MS)
        page.locator("[data-menu=live] summary").click()
        for who in ("/pricing", "Mastodon", "France"):
            expect(page.locator("[data-menu=live]")).to_contain_text(who)
        dashboard.rows.add_live("visits", 1, "a", people)
        expect(page.locator("[data-live]")).to_have_text("13", timeout=PATIENCE_MS)
        expect(page.locator(".live-sheet")).to_be_visible()
        assert page.evaluate("window.isSame")


def test_the_list_of_sites_is_told_anew_without_a_reload(browser: Browser, dashboard: Any) -> None:
    with signed_in(browser, dashboard.address) as page:
        page.goto(dashboard.address)
        page.evaluate("window.isSame = true")
        quiet = page.locator("[data-site='quiet.example'] data")
        expect(quiet).to_have_text("0")
        dashboard.rows.add("visits", row(site="quiet.example", visits=4, visitors=4, pageviews=4))
        expect(quiet).to_have_text("4", timeout=PATIENCE_MS)
        assert page.evaluate("window.isSame")
