"""The file of each panel: what is downloaded is what is seen."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from support.dashboard_server import signed_in


@pytest.mark.parametrize("name", ["sources", "pages", "places", "devices", "events"])
def test_the_file_of_a_panel_has_its_rows(browser: Browser, dashboard: Any, name: str) -> None:
    with signed_in(browser, dashboard.address) as page:
        page.goto(f"{dashboard.address}/example.com?places=countries")
        panel = page.locator(f"[data-part=panel-{name}]")
        expect(panel.locator(".rows li").first).to_be_visible()
        seen = [row.get_attribute("value") for row in panel.locator(".rows data").all()]
        with page.expect_download() as download:
            panel.get_by_role("link", name="CSV").click()
        head, *rows = download.value.path().read_text(encoding="utf-8").splitlines()
        assert len(head.split(",")) == 2
        assert [line.rpartition(",")[2] for line in rows[: len(seen)]] == seen


def test_the_file_of_the_details_has_their_columns(browser: Browser, dashboard: Any) -> None:
    with signed_in(browser, dashboard.address) as page:
        page.goto(f"{dashboard.address}/example.com?all=pages&find=/docs")
        with page.expect_download() as download:
            page.get_by_role("link", name="CSV", exact=True).click()
        head, *rows = download.value.path().read_text(encoding="utf-8").splitlines()
        assert head.startswith("event:page,visitors,visits,pageviews")
        assert [line.partition(",")[0] for line in rows] == ["/docs", "/docs/install", "/docs/embed"]
