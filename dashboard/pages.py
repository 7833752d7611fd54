"""GET / and GET /{domain}: the list of sites, and the page of one."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

import xxhash
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dashboard.access import readable_sites
from dashboard.chart import sparkline
from dashboard.context import Context
from dashboard.counts import Counts
from dashboard.guard import admit, no_token
from dashboard.panels import TABS_BY_PANEL
from dashboard.site_page import read_site_page
from dashboard.view import parse_view
from dashboard.words import PERIOD_NAMES
from schema.settings import SiteSettings


@dataclass(frozen=True)
class SiteCard:
    """One site in the list: visitors of today and the line of the last weeks."""

    domain: str
    visitors: int
    open_visits: int | None
    line: str


class Pages:
    """What people look at."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def home(self, request: Request) -> Response:
        """Show the sites that the reader may see; with a single one go there."""
        sites = readable_sites(self._context.settings, self._context.grant_of(request))
        if not sites:
            raise no_token(request)
        if len(sites) == 1:
            return RedirectResponse(f"/{quote(sites[0].domain)}", HTTPStatus.SEE_OTHER)
        now_ms = self._context.clock()
        cards = await self._context.read(lambda counts: [_read_card(counts, site, now_ms) for site in sites])
        return self._page(request, "home.html", cards=cards)

    async def site(self, request: Request) -> Response:
        """Show one site."""
        site = admit(self._context, request, request.path_params["domain"])
        now_ms = self._context.clock()
        view = parse_view(site, request.query_params, TABS_BY_PANEL, now_ms)
        page = await self._context.read(lambda counts: read_site_page(counts, site, view, now_ms))
        return self._page(
            request,
            "site.html",
            page=page,
            view=page.view,
            periods=PERIOD_NAMES,
            collector=self._context.settings.collector.listen,
        )

    def _page(self, request: Request, template: str, **values: object) -> Response:
        """The page, or 304 where the reader's browser shows just that."""
        grant = self._context.grant_of(request)
        sites = readable_sites(self._context.settings, grant)
        html = self._context.templates.render(template, sites=sites, is_signed_in=grant is not None, **values)
        etag = f'"{xxhash.xxh3_128_hexdigest(html.encode())}"'
        if request.headers.get("If-None-Match") == etag:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": etag})
        return HTMLResponse(html, headers={"ETag": etag})


def _read_card(counts: Counts, site: SiteSettings, now_ms: int) -> SiteCard:
    view = parse_view(site, {}, TABS_BY_PANEL, now_ms)
    visitors = [row.metrics[0] for row in counts.ask(view.query("visitors", dimensions=("time:day",)), now_ms).rows]
    return SiteCard(site.domain, int(visitors[-1] or 0), counts.open_visits(site.domain), sparkline(visitors))
