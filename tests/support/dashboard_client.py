"""The dashboard's application, asked in this process."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.applications import Starlette

from dashboard.access import make_token
from dashboard.app import create_app
from schema.settings import DashboardSettings, Settings, SiteSettings
from schema.store import Store

SECRET = "a secret of sixteen characters or more"
NOW = 1_773_144_000_000  # 2026-03-10 12:00 UTC
SETTINGS = Settings(
    site=(SiteSettings("example.com"), SiteSettings("other.org"), SiteSettings("open.example", public=True)),
    dashboard=DashboardSettings(share_secret=SECRET),
)


@dataclass
class Client:
    """Asks as a browser with `cookies` at `client`; follows no redirect."""

    store: Store
    settings: Settings = SETTINGS
    status: Any = None
    scheme: str = "http"
    client: tuple[str, int] = ("127.0.0.1", 5000)
    cookies: dict[str, str] = field(default_factory=dict)
    now: int = NOW  # milliseconds since the epoch

    @functools.cached_property
    def app(self) -> Starlette:
        """The application."""
        return create_app(self.settings, self.store, SECRET, lambda: self.now, self.status)

    def get(self, path: str, **more: Any) -> httpx.Response:
        """GET `path`."""
        return self.request("GET", path, **more)

    def query(self, token: str = "", **question: Any) -> httpx.Response:
        """Ask the API about example.com."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        body = {"site_id": "example.com", "metrics": ["visitors"], "date_range": "7d", **question}
        return self.request("POST", "/api/v2/query", json=body, headers=headers)

    def sign_in(self, site: str = "*") -> Client:
        """Follow a login link."""
        answer = self.get(f"/login?token={token(site)}")
        assert answer.status_code == 303
        self.cookies |= dict(answer.cookies)
        return self

    def request(self, method: str, path: str, headers: Mapping[str, str] | None = None, **more: Any) -> httpx.Response:
        """Send one request."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, client=self.client, raise_app_exceptions=False)
            base = f"{self.scheme}://dashboard.example"
            async with httpx.AsyncClient(transport=transport, base_url=base, cookies=self.cookies) as client:
                return await client.request(method, path, headers=headers, **more)

        return asyncio.run(send())


def token(site: str = "*", days: int = 30) -> str:
    """A token as `footfall token` makes it."""
    return make_token(SECRET, site, days, NOW)
