"""A tab of the test's Chromium, as seen by one who watches its requests."""

from __future__ import annotations

import time
from typing import Any

from playwright.sync_api import Page, Request

from support.browser import PATIENCE_SECONDS, PageServer, RecordingCollector, read_fields

SITE = "shop.test"


class Tab:
    """A page that remembers the beacons it sent and the errors that it saw, in their order."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.beacons: list[dict[str, Any]] = []
        self.errors: list[str] = []
        page.on("request", self._note)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, server: PageServer, path: str = "/", host: str = SITE) -> None:
        """Load a page of `server`, scripts included."""
        self.page.goto(server.url(path, host))

    def run(self, script: str) -> Any:
        """Run JavaScript in the page and return what it returns."""
        return self.page.evaluate(script)

    def beacons_so_far(self, collector: RecordingCollector) -> list[dict[str, Any]]:
        """Return what was sent until now: the page sends a last request itself, and nothing can overtake that."""
        marker = collector.url("/marker")
        with self.page.expect_request(marker):
            self.run(f"fetch('{marker}', {{method: 'POST', body: '{{}}', mode: 'no-cors'}})")
        return self.beacons

    def names_so_far(self, collector: RecordingCollector) -> list[str]:
        """Return the names and paths of those beacons: `pageview /one`."""
        return [name_of(beacon) for beacon in self.beacons_so_far(collector)]

    def wait_for(self, views: list[str]) -> None:
        """Return once exactly these page views were sent, by name and path."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(self.pageviews()) < len(views) and time.monotonic() < deadline:
            self.page.wait_for_timeout(10)
        assert [name_of(view) for view in self.pageviews()] == views

    def pageviews(self) -> list[dict[str, Any]]:
        """Return the page views among the beacons."""
        return [beacon for beacon in self.beacons if beacon["n"] == "pageview"]

    def _note(self, request: Request) -> None:
        if request.method == "POST" and not request.url.endswith("/marker"):
            assert request.post_data is not None
            self.beacons.append(read_fields(request.post_data))


def name_of(fields: dict[str, Any]) -> str:
    """Return a beacon's name and the path in its address, query and fragment included."""
    return f"{fields.get('n')} /{fields['u'].split('/', 3)[3]}"
