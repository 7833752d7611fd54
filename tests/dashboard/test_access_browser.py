"""Signing in and out, a shared link and a frame on somebody else's page, in a real browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from schema.settings import Settings
from schema.store_embedded import EmbeddedStore
from support.browser import PageServer, launch_chromium
from support.dashboard_client import Client
from support.dashboard_server import serving
from support.people import PASSWORD, people, share
from support.rollup_rows import RowWriter, row

OVER = {"at": "2026-03-09 10:00"}  # a day that is over: others see no more of today than its totals


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launch_chromium() as browser:
        yield browser


@pytest.fixture
def settings(store: EmbeddedStore, rows: RowWriter, tmp_path: Path) -> Settings:
    for country in ("DE", "FR"):
        rows.add("visits", row(source=f"from {country}", country=country, visits=30, visitors=30, pageviews=30, **OVER))
        rows.add(
            "pageviews", row(path="/", source=f"from {country}", country=country, pageviews=30, visitors=30, **OVER)
        )
    return people(tmp_path)


@contextmanager
def opened(browser: Browser) -> Iterator[Page]:
    """A page of a browser without cookies; at its end, it has asked nobody else for anything."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(30_000)
    yield page
    context.close()


def fill_in(page: Page, password: str, name: str = "olive") -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_signing_in_leads_to_what_was_asked_for_and_signing_out_ends_it(
    browser: Browser, store: EmbeddedStore, settings: Settings
) -> None:
    with serving(store, Client(store, settings)) as address, opened(browser) as page:
        page.goto(f"{address}/example.com?period=day")
        fill_in(page, "not the password")
        expect(page.get_by_role("alert")).to_have_text("Name and password do not belong together.")
        expect(page.get_by_label("Password")).to_be_focused()
        fill_in(page, PASSWORD)
        expect(page).to_have_url(f"{address}/example.com?period=day")
        expect(page.locator("header .account-name")).to_have_text("olive")
        (cookie,) = page.context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url(f"{address}/open.example?signed-out")
        expect(page.get_by_text("You are signed out.")).to_be_visible()
        page.context.add_cookies([cookie])
        assert page.goto(f"{address}/example.com").status == 401  # type: ignore[union-attr]  # it was answered


def test_the_sign_in_page_works_with_the_keyboard_alone(
    browser: Browser, store: EmbeddedStore, settings: Settings
) -> None:
    with serving(store, Client(store, settings)) as address, opened(browser) as page:
        page.goto(f"{address}/login")
        expect(page.get_by_label("Name")).to_be_focused()
        page.keyboard.type("olive")
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="example.com")).to_be_visible()


def test_a_shared_link_needs_no_cookie_and_keeps_its_segment_while_one_clicks_around(
    browser: Browser, store: EmbeddedStore, settings: Settings
) -> None:
    token = share(settings, segment=("country=DE",))
    with serving(store, Client(store, settings)) as address, opened(browser) as page:
        page.goto(f"{address}/share/{token}")
        expect(page.locator(".chip-fixed")).to_have_text("Country is Germany")
        page.get_by_role("link", name="from DE").click()
        expect(page.locator(".filters")).to_contain_text("from DE")
        assert page.url.startswith(f"{address}/share/{token}?")
        page.goto(f"{address}/share/{token}?period=day&source=from+FR")
        expect(page.locator("li[data-metric=visits] data")).to_have_text("0")
        assert page.context.cookies() == []


def test_a_panel_says_when_it_folds_rare_values(
    browser: Browser, store: EmbeddedStore, settings: Settings, rows: RowWriter
) -> None:
    with serving(store, Client(store, settings)) as address, opened(browser) as page:
        page.goto(f"{address}/share/{share(settings)}")
        sources = page.locator("[data-part=panel-sources]")
        expect(sources.locator(".label")).to_have_text(["from DE", "from FR"])
        expect(sources.locator(".folded")).to_have_count(0)
        rows.add(
            "visits", *(row(source=f"rare {number}", visits=6, visitors=6, pageviews=6, **OVER) for number in (1, 2))
        )
        page.reload()
        expect(sources.locator(".label")).to_have_text(["from DE", "from FR", "Other"])
        expect(sources.locator(".folded")).to_contain_text("Other: fewer than 10 people a day each")
        expect(sources.locator(".row-other")).to_have_text("Other")


def test_a_frame_shows_on_a_page_of_the_named_origin_and_on_no_other(
    browser: Browser, store: EmbeddedStore, settings: Settings
) -> None:
    with (
        PageServer() as host,
        PageServer() as stranger,
        serving(store, Client(store, settings)) as address,
        opened(browser) as page,
    ):
        token = share(settings, embed=(host.url(host="blog.test"),))
        for server, path in ((host, f"/embed/{token}"), (stranger, f"/embed/{token}"), (host, f"/share/{token}")):
            html = f'<title>x</title><iframe width="1000" height="900" src="{address}{path}"></iframe>'
            server.pages["/"] = html
            page.goto(server.url("/", host="blog.test"))
            frame = page.frames[-1]
            if server is host and path.startswith("/embed/"):
                expect(page.frame_locator("iframe").get_by_text("from DE")).to_be_visible()
                page.frame_locator("iframe").get_by_role("link", name="from DE").click()
                expect(page.frame_locator("iframe").locator(".filters")).to_contain_text("from DE")
                assert page.frames[-1].evaluate("document.referrer") == ""
            else:
                page.wait_for_load_state("load")
                assert frame.get_by_text("from DE").count() == 0
                assert page.frames[-1].url.startswith("chrome-error:")
