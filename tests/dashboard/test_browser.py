"""The dashboard in a real browser: it refreshes by itself, and nothing on it breaks its own content policy."""

import datetime as dt
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from schema.store_embedded import EmbeddedStore
from support.browser import launch_chromium
from support.dashboard_server import serving, signed_in
from support.rollup_rows import RowWriter, row

TODAY = dt.date(2026, 3, 10)
PATIENCE_MS = 20_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launch_chromium() as browser:
        yield browser


@pytest.fixture
def address(store: EmbeddedStore) -> Iterator[str]:
    with serving(store) as address:
        yield address


def show_visits(rows: RowWriter, number: int, visits: int) -> None:
    """Publish a live snapshot with so many visits."""
    slot = "ab"[number % 2]
    if number < 2:
        rows.snapshot(1, number - 1, 0, TODAY)
    rows.empty_slot(1, slot)
    rows.add_live("visits", 1, slot, row(source="Google", visits=visits, visitors=visits, pageviews=visits))
    rows.add_live("pageviews", 1, slot, row(path="/", pageviews=visits, visitors=visits, active_visitors=visits))
    rows.snapshot(1, number, 0, TODAY)


def test_a_new_count_appears_by_itself_without_losing_the_readers_place(
    browser: Browser, address: str, rows: RowWriter
) -> None:
    show_visits(rows, 1, 3)
    with signed_in(browser, address) as page:
        page.goto(f"{address}/example.com?period=day")
        expect(page.locator("[data-live]")).to_have_text("3")
        page.evaluate("window.wasNeverReloaded = true")
        page.get_by_text("As a table").click()
        page.get_by_role("link", name="Channels").focus()
        page.mouse.wheel(0, 300)
        page.wait_for_function("window.scrollY > 0")
        place = page.evaluate("window.scrollY")
        show_visits(rows, 2, 5)
        expect(page.locator("[data-live]")).to_have_text("5", timeout=PATIENCE_MS)
        expect(page.locator("li[data-metric=visits] data")).to_have_text("5")
        expect(page.locator("[data-part=panel-sources] .value")).to_have_text("5")
        assert page.evaluate("window.wasNeverReloaded")
        assert page.evaluate("window.scrollY") == place
        expect(page.get_by_role("link", name="Channels")).to_be_focused()
        assert page.locator(".as-table").get_attribute("open") is not None


def test_the_first_page_view_of_a_site_turns_the_instructions_into_numbers(
    browser: Browser, address: str, rows: RowWriter
) -> None:
    with signed_in(browser, address) as page:
        page.goto(f"{address}/example.com")
        expect(page.get_by_text("Waiting for the first page view")).to_be_visible()
        show_visits(rows, 1, 1)
        expect(page.locator("li[data-metric=visits] data")).to_have_text("1", timeout=PATIENCE_MS)


def test_a_click_on_a_row_filters_and_the_cross_takes_it_back(browser: Browser, address: str, rows: RowWriter) -> None:
    show_visits(rows, 1, 3)
    rows.add("visits", row(source="Bing", visits=2, visitors=2))
    with signed_in(browser, address) as page:
        page.goto(f"{address}/example.com?period=day")
        page.locator("[data-part=panel-sources]").get_by_role("link", name="Google").click()
        expect(page.locator("li[data-metric=visits] data")).to_have_text("3")
        page.get_by_label("Remove the filter Source is Google").click()
        expect(page.locator("li[data-metric=visits] data")).to_have_text("5")


def test_the_pointer_over_the_chart_is_told_the_hour(browser: Browser, address: str, rows: RowWriter) -> None:
    show_visits(rows, 1, 3)
    with signed_in(browser, address) as page:
        page.goto(f"{address}/example.com?period=day&metric=visits")
        page.locator(".slot rect").nth(9).hover()
        expect(page.locator(".tooltip-now")).to_have_text("09:00 – 10:003")


def test_without_javascript_everything_is_there_as_well(browser: Browser, address: str, rows: RowWriter) -> None:
    show_visits(rows, 1, 3)
    with signed_in(browser, address, javascript=False) as page:
        page.goto(f"{address}/example.com?period=day")
        expect(page.locator("li[data-metric=visits] data")).to_have_text("3")
        page.locator("[data-menu=periods] summary").click()
        page.get_by_role("link", name="Yesterday").click()
        expect(page.locator("li[data-metric=visits] data")).to_have_text("0")
        assert page.locator(".bar rect").count() == 0


def test_no_width_makes_the_page_wider_than_the_screen(browser: Browser, address: str, rows: RowWriter) -> None:
    show_visits(rows, 1, 3)
    rows.add("pageviews", row(path="/" + "long" * 100, pageviews=1, visitors=1))
    with signed_in(browser, address) as page:
        page.goto(f"{address}/example.com?period=day&page=/{'long' * 100}")
        for width in (320, 390, 768, 1280, 1920):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
