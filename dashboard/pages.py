"""GET / and GET /{domain}: the list of sites, and the page of one."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import quote
from zoneinfo import ZoneInfo

import xxhash
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dashboard.access import readable_sites
from dashboard.admission import Admission, admit_anyone
from dashboard.annotations import Annotations
from dashboard.comparison import COMPARISON_NAMES
from dashboard.context import Context
from dashboard.counts import Counts
from dashboard.doors import SIGNED_OUT
from dashboard.filter_form import FilterForm, read_form
from dashboard.guard import admit, no_token
from dashboard.locale import READER, choose_locale
from dashboard.overview import SiteCard, read_cards
from dashboard.panels import TABS_BY_PANEL
from dashboard.period import local_day, parse_period
from dashboard.site_page import SitePage, read_site_page
from dashboard.view import DEFAULT_PERIOD, granularities, parse_view
from dashboard.words import PERIOD_NAMES
from schema.errors import ShardUnavailableError
from schema.settings import CollectorSettings
from schema.snippet import embedding_lines

_MAX_FIND_LENGTH = 200


class Pages:
    """What people look at."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._annotations = Annotations(context.settings.data_dir)

    async def home(self, request: Request) -> Response:
        """Show the sites that the reader may see; with a single one go there."""
        grant = self._context.grant_of(request)
        sites = readable_sites(self._context.settings, grant)
        if not sites:
            raise no_token(self._context, request)
        if len(sites) == 1:
            note = f"?{SIGNED_OUT}" if SIGNED_OUT in request.query_params else ""
            return RedirectResponse(f"/{quote(sites[0].domain)}{note}", HTTPStatus.SEE_OTHER)
        now_ms, find = self._context.clock(), request.query_params.get("find", "")[:_MAX_FIND_LENGTH]
        every = (admit_anyone(site, grant, self._context.settings.dashboard) for site in sites)
        admissions = [each for each in every if each and find.casefold() in each.site.domain.casefold()]
        READER.set(choose_locale(request.headers.get("Accept-Language", "")))

        def read(counts: Counts) -> tuple[Sequence[SiteCard], Mapping[str, int]]:
            strays = _read_strays(counts, now_ms) if grant and grant.is_for_every_site else {}
            return read_cards(counts, [each.site for each in admissions], now_ms), strays

        cards, strays = await self._context.read(read)
        return self._page(request, "home.html", cards=cards, strays=strays, find=find)

    async def site(self, request: Request) -> Response:
        """Show one site."""
        return await self.show(request, admit(self._context, request, request.path_params["domain"]))

    async def show(self, request: Request, admission: Admission, *, is_embedded: bool = False) -> Response:
        """Show the site of `admission` to whom it admits."""
        site, is_owner = admission.site, admission.is_for_every_site
        now_ms = self._context.clock()
        READER.set(choose_locale(request.headers.get("Accept-Language", "")))
        view = parse_view(site, request.query_params.multi_items(), TABS_BY_PANEL, now_ms)
        view = replace(view, admission=admission)
        if added := read_form(request.query_params):
            return RedirectResponse(view.with_added(added).href, HTTPStatus.SEE_OTHER)
        is_only = len(self._context.settings.site) == 1

        def read(counts: Counts) -> tuple[SitePage, Mapping[str, int]]:
            notes = self._annotations.of(site.domain, view.period) if admission.is_member else ()  # meant for them
            page = read_site_page(counts, site, view, notes, now_ms)
            has_strays = is_owner and (is_only or not page.has_counts)  # else the list of sites has them
            return page, _read_strays(counts, now_ms) if has_strays else {}

        page, strays = await self._context.read(read)
        return self._page(
            request,
            "site.html",
            page=page,
            view=page.view,
            admission=admission,
            is_embedded=is_embedded,
            strays=strays,
            periods=PERIOD_NAMES,
            comparisons=COMPARISON_NAMES,
            granularities=granularities(page.view.period),
            form=FilterForm(),
            is_owner=is_owner,
            collector=self._context.settings.collector.listen,
            snippet=_snippet(self._context.settings.collector, page.site.domain),
        )

    def _page(self, request: Request, template: str, admission: Admission | None = None, **values: object) -> Response:
        """The page, or 304 where the reader's browser shows just that."""
        is_by_link = admission is not None and admission.base.startswith(("/share/", "/embed/"))
        grant = None if is_by_link else self._context.grant_of(request)
        sites = [] if is_by_link else readable_sites(self._context.settings, grant)
        html = self._context.templates.render(
            template,
            sites=sites,
            admission=admission,
            is_by_link=is_by_link,
            is_signed_in=grant is not None,
            user=grant.user if grant else "",
            can_sign_in=grant is None and bool(self._context.users) and not is_by_link,
            is_signed_out=grant is None and SIGNED_OUT in request.query_params,
            **values,
        )
        etag = f'"{xxhash.xxh3_128_hexdigest(html.encode())}"'
        headers = {"ETag": etag, "Vary": "Accept-Language, Cookie"}
        if request.headers.get("If-None-Match") == etag:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return HTMLResponse(html, headers=headers)


def _read_strays(counts: Counts, now_ms: int) -> Mapping[str, int]:
    """The beacons of the last weeks that belong to no site: reason → hits. Their days are those of UTC."""
    zone = ZoneInfo("UTC")
    with contextlib.suppress(ShardUnavailableError):  # no site's counts; the cards say what is away
        return counts.rejections("", parse_period(DEFAULT_PERIOD, local_day(now_ms, zone), zone))
    return {}


def _snippet(collector: CollectorSettings, site: str) -> str:
    """Return what the owner of `site` is to paste, as `footfall snippet` prints it."""
    return "\n".join(
        embedding_lines(site, f"http://{collector.listen}", collector.script_path, collector.script_features)
    )
