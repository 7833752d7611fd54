"""The main job on real input: Chromium reads the example site, another page reads exactly that on the dashboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from support.browser import ORDINARY_USER_AGENT, launch_chromium, read_fields
from support.processes import Footfall, running_footfall, wait_until
from support.store_urls import STORE_URLS

ARTEFACTS = Path(__file__).parents[2] / "artefacts"
WITHIN = 10_000  # milliseconds from a click to the dashboard


@pytest.fixture(scope="module", params=STORE_URLS)
def footfall(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Footfall]:
    directory = tmp_path_factory.mktemp("footfall")
    with (
        STORE_URLS[request.param](directory / "store") as url,
        running_footfall(directory, "serve", "--example", STORE__URL=url) as footfall,
    ):
        yield footfall


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launch_chromium() as browser:
        yield browser


def login_link(footfall: Footfall) -> str:
    found = wait_until(lambda: re.search(r"http://\S+/login\?token=\S+", footfall.log_file.read_text()))
    assert found
    return found[0]


def is_pageview(answer: Response) -> bool:
    return answer.url.endswith("/api/event") and read_fields(answer.request.post_data or "{}")["n"] == "pageview"


def read_the_example_site(browser: Browser, footfall: Footfall) -> None:
    """Load, link, single-page navigation, back, and out: 5 pageviews of one visit."""
    context = browser.new_context(user_agent=ORDINARY_USER_AGENT, timezone_id="Europe/Berlin")
    page = context.new_page()
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    with page.expect_response(is_pageview):
        page.goto(f"http://{footfall.example}/")
    with page.expect_response(is_pageview):
        page.get_by_role("link", name="Begin with the ridge").click()
    with page.expect_response(is_pageview):
        page.get_by_role("link", name="Planner").click()
    with page.expect_response(is_pageview):
        page.locator('[data-step][href$="/packing"]').click()
    with page.expect_response(is_pageview):
        page.go_back()
    page.get_by_role("link", name="example.org").click(no_wait_after=True)
    assert failures == []
    context.close()


def value(page: Page, metric: str) -> str | None:
    return page.locator(f'[data-metric="{metric}"] data').get_attribute("value")


def rows(page: Page, panel: str) -> dict[str, str | None]:
    """Label → value of each row of a panel."""
    lines = page.locator(f'[data-part="panel-{panel}"] .rows li')
    return {
        line.locator(".label").inner_text(): line.locator("data.value").get_attribute("value") for line in lines.all()
    }


def test_a_page_opened_in_a_browser_is_a_number_on_the_dashboard(browser: Browser, footfall: Footfall) -> None:
    dashboard = browser.new_context(viewport={"width": 1280, "height": 900})
    page = dashboard.new_page()
    page.goto(login_link(footfall))
    assert "token" not in page.url
    read_the_example_site(browser, footfall)
    expect(page.locator('[data-metric="pageviews"] data')).to_have_attribute("value", "5", timeout=WITHIN)
    assert {metric: value(page, metric) for metric in ("visitors", "visits", "bounce_rate")} == {
        "visitors": "1",
        "visits": "1",
        "bounce_rate": "0",
    }
    assert float(value(page, "views_per_visit") or 0) == 5
    page.goto(f"{page.url.partition('?')[0]}?period=day&devices=size")
    assert set(rows(page, "pages")) == {"/", "/walks/chalk-ridge", "/app", "/app/packing"}
    assert rows(page, "places") == {"Germany": "1"}
    assert rows(page, "devices") == {"Desktop": "1"}
    expect(page.locator("[data-live]")).to_have_attribute("value", "1")
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / "page-to-number.png", full_page=True)
    dashboard.close()


def test_without_the_login_link_there_is_nothing_to_see(browser: Browser, footfall: Footfall) -> None:
    stranger = browser.new_context()
    page = stranger.new_page()
    answer = page.goto(f"http://{footfall.dashboard}/example.com")
    assert answer is not None
    assert answer.status == 401
    assert page.locator("[data-metric]").count() == 0
    stranger.close()
