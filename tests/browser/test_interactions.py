"""Everything that can be done on the page, done in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from support.dashboard_server import signed_in


@pytest.fixture
def page(browser: Browser, dashboard: Any) -> Iterator[Page]:
    with signed_in(browser, dashboard.address) as page:
        page.goto(f"{dashboard.address}/example.com")
        yield page


def panel(page: Page, name: str) -> Any:
    return page.locator(f"[data-part=panel-{name}]")


def follow(page: Page, link: Locator) -> None:
    """Click, and be there: what is clicked next is on the next page."""
    with page.expect_navigation():
        link.click()


def visits(page: Page) -> int:
    return int(page.locator("li[data-metric=visits] data").get_attribute("value") or 0)


def expect_chips(page: Page, *chips: str) -> None:
    """The chips are these; each may go on after what is said of it."""
    found = page.locator(".chip summary")
    expect(found).to_have_count(len(chips))
    for number, chip in enumerate(chips):
        expect(found.nth(number)).to_contain_text(chip)


@pytest.mark.parametrize(
    ("name", "tab", "chip"),
    [
        ("sources", "Channels", "Channel is"),
        ("sources", "Campaigns", "Campaign is"),
        ("pages", "Entry", "Entry page is /"),
        ("places", "Countries", "Country is Germany"),
        ("devices", "Systems", "System is Windows"),
    ],
)
def test_a_click_on_a_row_of_any_tab_filters_everything(page: Page, name: str, tab: str, chip: str) -> None:
    before = visits(page)
    follow(page, panel(page, name).get_by_role("link", name=tab, exact=True))
    follow(page, panel(page, name).locator(".rows a").first)
    expect_chips(page, chip)
    assert 0 < visits(page) < before


def test_filters_combine_stay_in_the_address_and_survive_reload_and_back(page: Page) -> None:
    follow(page, panel(page, "sources").get_by_role("link", name="Google"))
    follow(page, panel(page, "places").get_by_role("link", name="Countries"))
    follow(page, panel(page, "places").locator(".rows a").first)
    both = ("Source is Google", "Country is Germany")
    expect_chips(page, *both)
    assert "source=Google" in page.url
    assert "country=DE" in page.url
    page.reload()
    expect_chips(page, *both)
    follow(page, page.get_by_label("Remove the filter Source is Google"))
    expect_chips(page, both[1])
    page.go_back(wait_until="commit")
    expect_chips(page, *both)
    follow(page, page.get_by_role("link", name="Clear all"))
    expect_chips(page)


def test_a_chip_turns_into_is_not_and_the_numbers_follow(page: Page) -> None:
    whole = visits(page)
    follow(page, panel(page, "sources").get_by_role("link", name="Google"))
    expect_chips(page, "Source is Google")
    google = visits(page)
    page.locator(".chip summary").click()
    follow(page, page.get_by_role("link", name="is not", exact=True))
    expect_chips(page, "Source is not Google")
    assert visits(page) == whole - google


@pytest.mark.parametrize("javascript", [True, False])
def test_the_form_adds_a_filter_of_any_kind(browser: Browser, dashboard: Any, *, javascript: bool) -> None:
    with signed_in(browser, dashboard.address, javascript=javascript) as page:
        page.goto(f"{dashboard.address}/example.com?period=30d")
        page.get_by_text("Filter", exact=True).click()
        page.get_by_label("Where").select_option("Entry page")
        page.locator("[name=how]").select_option("contains")
        page.get_by_label("Value").fill("/docs")
        follow(page, page.get_by_role("button", name="Add filter"))
        expect_chips(page, "Entry page contains /docs")
        assert page.url.endswith("/example.com?period=30d&has-entry=%2Fdocs")


def test_a_country_can_be_filtered_by_its_name_and_on_the_map(page: Page) -> None:
    page.get_by_text("Filter", exact=True).click()
    page.get_by_label("Where").select_option("Country")
    page.get_by_label("Value").fill("Germany")
    follow(page, page.get_by_role("button", name="Add filter"))
    expect_chips(page, "Country is Germany")
    follow(page, page.get_by_label("Remove the filter Country is Germany"))
    follow(page, page.locator(".map a", has_text="Brazil").locator("use"))
    expect_chips(page, "Country is Brazil")


def test_the_details_of_a_panel_are_searched_sorted_and_paged(page: Page) -> None:
    follow(page, panel(page, "pages").get_by_role("link", name="Show all: pages, all"))
    expect(page.locator(".whole-table tbody tr")).to_have_count(100)
    expect(page.locator(".leaves")).to_contain_text("1 – 100 of 158")
    follow(page, page.get_by_role("link", name="More →"))
    expect(page.locator(".whole-table tbody tr")).to_have_count(58)
    page.get_by_label("Find a page").fill("/docs")
    with page.expect_navigation():
        page.get_by_label("Find a page").press("Enter")
    expect(page.locator(".whole-table tbody tr")).to_have_count(3)
    follow(page, page.locator(".whole-table thead").get_by_role("link", name="Bounce rate"))
    expect(page.locator("th[aria-sort=descending]")).to_have_text("Bounce rate")
    follow(page, page.locator(".whole-table tbody a").first)
    expect_chips(page, "Page is /docs")
    expect(page.locator(".panels")).to_be_visible()


def test_countries_are_found_by_their_names(page: Page) -> None:
    page.goto(page.url + "?all=places&places=countries&find=united")
    labels = page.locator(".whole-table tbody .label").all_inner_texts()
    assert sorted(labels) == ["United Kingdom", "United States"]


@pytest.mark.parametrize("step", ["Days", "Weeks"])
def test_the_chart_goes_by_steps_of_choice(page: Page, step: str) -> None:
    follow(page, page.get_by_label("Steps of the chart").get_by_role("link", name=step))
    expect(page.locator(".slot")).to_have_count({"Days": 28, "Weeks": 5}[step])
    expect(page.locator(".chart .tail")).to_have_count(1)
    expect(page.locator("figcaption")).to_contain_text("not over yet")


def test_hours_are_there_for_a_week_and_months_for_a_year(page: Page) -> None:
    page.goto(page.url + "?period=7d&by=hour")
    expect(page.locator(".slot")).to_have_count(7 * 24)
    page.goto(page.url.partition("?")[0] + "?period=12mo&by=month")
    expect(page.locator(".slot")).to_have_count(12)


def test_it_is_compared_with_the_period_before_a_year_earlier_other_dates_or_nothing(page: Page) -> None:
    expect(page.locator(".key-earlier")).to_have_count(1)
    page.locator("[data-menu=comparison] summary").click()
    follow(page, page.get_by_role("link", name="Nothing", exact=True))
    expect(page.locator(".key-earlier")).to_have_count(0)
    page.locator("[data-menu=comparison] summary").click()
    page.locator("[name=against]").fill("2026-01-12")
    page.locator("[name=until]").fill("2026-01-31")
    follow(page, page.get_by_role("button", name="Compare"))
    expect(page.locator("[data-menu=comparison] summary")).to_contain_text("12 Jan – 31 Jan 2026")
    expect(page.locator(".key-earlier")).to_have_count(1)
    page.locator("[data-menu=comparison] summary").click()
    follow(page, page.get_by_role("link", name="A year earlier"))
    expect(page.locator("[data-menu=comparison] summary")).to_contain_text("Nothing to compare")


def test_what_happened_on_a_day_is_marked_in_the_chart_and_said_below_it(page: Page) -> None:
    expect(page.locator(".mark-note")).to_have_count(2)
    said = page.get_by_label("Notes on the chart")
    expect(said).to_contain_text("20 Feb 2026 Something was lost: The server was down at night")
    expect(said).to_contain_text("1 Mar 2026 A definition changed: Prices moved to /pricing")
    expect(said).not_to_contain_text("Of another site")


@pytest.mark.parametrize(("key", "period"), [("d", "day"), ("w", "7d"), ("m", "month"), ("l", "12mo"), ("a", "all")])
def test_a_key_chooses_a_period(page: Page, key: str, period: str) -> None:
    page.keyboard.press(key)
    page.wait_for_url(re.compile(f"period={period}"))


def test_keys_open_menus_find_and_go_back(page: Page) -> None:
    page.keyboard.press("f")
    expect(page.get_by_label("Where")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_label("Where")).to_be_hidden()
    page.goto(page.url + "?all=pages")
    page.keyboard.press("/")
    expect(page.get_by_label("Find a page")).to_be_focused()
    page.keyboard.type("w")
    assert "period" not in page.url
    page.get_by_role("heading", name="Pages").click()
    page.keyboard.press("Escape")
    expect(page.locator(".panels")).to_be_visible()


def test_the_keys_are_listed_and_can_be_switched_off(page: Page) -> None:
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    page.get_by_role("checkbox").uncheck()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_hidden()
    page.keyboard.press("w")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_hidden()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("w")
    page.wait_for_url(re.compile("period=7d"))


def test_each_metric_says_what_it_is_on_hover_and_focus_and_escape_hides_it(page: Page) -> None:
    tip = page.locator("#tip-visitors")
    expect(tip).to_be_hidden()
    page.locator("li[data-metric=visitors] a").hover()
    expect(tip).to_be_visible()
    expect(tip).to_contain_text("who comes on two days counts twice")
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    page.locator("li[data-metric=visits] a").focus()
    page.keyboard.press("Shift+Tab")
    expect(tip).to_be_visible()


def test_a_site_is_found_by_typing(page: Page) -> None:
    page.keyboard.press("s")
    page.keyboard.type("te-5")
    expect(page.locator("[data-menu=sites] a[data-site]:visible")).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("site-5.example"))


def test_the_list_of_sites_has_lines_and_is_searched(page: Page) -> None:
    page.goto(page.url.replace("/example.com", "/"))
    expect(page.locator(".site-card .spark path")).to_have_count(10)
    page.get_by_label("Find a site").fill("quiet")
    expect(page.locator(".site-card:visible")).to_have_count(1)


def test_the_ledger_is_one_click_away(page: Page) -> None:
    follow(page, page.get_by_role("link", name="Ledger"))
    expect(page.get_by_role("heading", name="Ledger")).to_be_visible()


def test_an_open_table_keeps_its_place_when_the_numbers_change(page: Page, dashboard: Any) -> None:
    page.get_by_text("As a table").click()
    table = page.locator("[data-scroll=table]")
    table.evaluate("box => box.scrollTop = 120")
    page.evaluate("document.querySelector('[data-part=overview] .figure-value').dataset.old = ''")
    dashboard.rows.add("visits", {"at": "2026-03-10 08:00", "visits": 1, "visitors": 1, "source": "Late"})
    expect(page.locator("[data-old]")).to_have_count(0, timeout=30_000)
    assert page.locator("[data-scroll=table]").evaluate("box => box.scrollTop") == 120


@pytest.mark.parametrize(
    ("locale", "visits", "day"), [("de-DE", r"\d\.\d{3}", "11. Feb"), ("en-US", r"\d,\d{3}", "Feb 11")]
)
def test_numbers_and_dates_are_written_as_the_reader_does(
    browser: Browser, dashboard: Any, locale: str, visits: str, day: str
) -> None:
    with signed_in(browser, dashboard.address, javascript=False, locale=locale) as page:
        page.goto(f"{dashboard.address}/example.com")
        expect(page.locator("li[data-metric=visits] data")).to_have_text(re.compile(visits))
        expect(page.locator(".key").first).to_contain_text(day)


def test_an_event_shows_its_properties_and_what_it_earned(page: Page) -> None:
    follow(page, panel(page, "events").get_by_role("link", name="Sign-up"))
    follow(page, panel(page, "events").get_by_role("link", name="Properties"))
    expect(panel(page, "events").locator(".label")).to_have_text(["pro", "free"])
    follow(page, panel(page, "events").get_by_role("link", name="pro", exact=True))
    expect_chips(page, "Event is Sign-up", "plan is pro")
    expect(page.locator("li[data-metric=events] data")).to_have_text("6")


@pytest.mark.parametrize(("name", "tab", "rows"), [
    ("places", "Regions", ["DE-BY", "US-CA"]), ("places", "Cities", ["Munich"]),
    ("devices", "Languages", ["German"]), ("devices", "Sizes/Screen", ["Desktop"]),
    ("devices", "Versions", ["Firefox 142"]),
])  # fmt: skip
def test_fine_detail_has_tabs_of_its_own(page: Page, name: str, tab: str, rows: list[str]) -> None:
    for each in tab.split("/"):
        follow(page, panel(page, name).get_by_role("link", name=each, exact=True))
    expect(panel(page, name).locator(".label")).to_have_text(rows)


def test_any_panel_is_a_file_of_what_is_seen(page: Page) -> None:
    follow(page, panel(page, "sources").get_by_role("link", name="Google"))
    expect_chips(page, "Source is Google")
    with page.expect_download() as download:
        panel(page, "pages").get_by_role("link", name="CSV: pages, all").click()
    lines = download.value.path().read_text(encoding="utf-8").splitlines()
    assert lines[0] == "event:page,visitors"
    assert re.fullmatch(r"/,\d+", lines[1])
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV: not counted").click()
    assert download.value.path().read_text(encoding="utf-8").splitlines()[1:] == ["bot,70", "opt_out,3"]
