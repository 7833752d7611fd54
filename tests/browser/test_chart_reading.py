"""Reading the chart: the value under the pointer, the value before it, what is not over, what is to know."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Browser, expect

from support.dashboard_server import signed_in

LAST_DAY, FIRST_OF_MARCH = 27, 18  # slots


def test_the_pointer_is_told_the_value_the_one_before_and_what_is_to_know(browser: Browser, dashboard: Any) -> None:
    with signed_in(browser, dashboard.address) as page:
        page.goto(f"{dashboard.address}/example.com")
        page.locator(".slot").nth(FIRST_OF_MARCH).hover()
        told = page.locator(".tooltip p")
        expect(told).to_have_count(3)
        expect(told.nth(0)).to_contain_text("Sun 1 Mar")
        expect(told.nth(1)).to_contain_text("Sun 1 Feb")
        expect(told.nth(2)).to_have_text("A definition changed: Prices moved to /pricing")
        page.locator(".slot").nth(LAST_DAY).hover()
        expect(told).to_have_count(2)
        expect(told.nth(0)).to_contain_text("Tue 10 Mar, so far")
        page.get_by_role("heading", name="Sources").hover()
        expect(page.locator(".tooltip")).to_be_hidden()


def test_a_day_that_goes_on_is_dotted_and_named_in_legend_and_table(browser: Browser, dashboard: Any) -> None:
    with signed_in(browser, dashboard.address, javascript=False) as page:
        page.goto(f"{dashboard.address}/example.com")
        expect(page.locator(".chart .tail")).to_have_css("stroke-dasharray", "1px, 5px")
        expect(page.locator(".keys")).to_contain_text("today, not over yet")
        page.get_by_text("As a table").click()
        expect(page.locator(".as-table tbody th").first).to_have_text("Tue 10 Mar, so far")
        page.goto(f"{dashboard.address}/example.com?period=yesterday")
        expect(page.locator(".keys")).not_to_contain_text("not over yet")


def test_a_year_earlier_lies_behind_the_line_and_the_changes_are_from_there(browser: Browser, dashboard: Any) -> None:
    dashboard.rows.add("visits", *({"at": f"2025-{day} 09:00", "visits": 10, "visitors": 10, "source": "Google"}
                                   for day in ("01-02", "03-09", "03-10")))  # fmt: skip
    with signed_in(browser, dashboard.address) as page:
        page.goto(f"{dashboard.address}/example.com?period=7d")
        page.locator("[data-menu=comparison] summary").click()
        page.get_by_role("link", name="A year earlier").click()
        page.wait_for_url("**compare=year**")
        expect(page.locator("[data-menu=comparison] summary")).to_contain_text("vs. a year earlier")
        expect(page.locator(".keys")).to_contain_text("4 Mar – 10 Mar 2025")
        expect(page.locator("#tip-visits")).to_contain_text("Before: 20")
        expect(page.locator(".earlier")).to_have_attribute("d", re.compile("^M"))
