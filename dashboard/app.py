"""The dashboard as an ASGI application: every route and middleware in one place."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount, Route

from dashboard.api import Api
from dashboard.asking import Asking
from dashboard.context import Context, Status
from dashboard.doors import Doors
from dashboard.export import Export
from dashboard.failures import Failures
from dashboard.health import Health
from dashboard.ledger_page import LedgerPage
from dashboard.metrics import Metrics
from dashboard.operator import Operator, Reports
from dashboard.pages import Pages
from dashboard.reader import Reader
from dashboard.rendering import Templates
from dashboard.security import SecurityHeaders
from dashboard.session_renewal import SessionRenewal
from dashboard.shared_pages import SharedPages
from dashboard.static_files import VersionedFiles
from dashboard.v1 import OlderApi
from schema.settings import Settings
from schema.store import Store

NO_REPORTS: Reports = {}
MAX_BODY_BYTES = 65_536


def create_app(
    settings: Settings,
    store: Store,
    secret: str,
    clock: Callable[[], int],
    status: Status | None = None,
    *,
    figures: Sequence[Collector] = (),
    reports: Reports = NO_REPORTS,
) -> Starlette:
    """Return the dashboard of the counts in `store`.

    `secret` signs tokens; `clock` tells milliseconds since the epoch; `status` tells whether the counts are up to
    date (a mapping with `ready`), where the aggregator runs beside it; `figures` are further ones for /metrics;
    `reports` are what the command may ask for.
    """
    context = Context(settings, Reader(store), secret, clock, status, Templates())
    pages, doors, health = Pages(context), Doors(context), Health(context)
    asking = Asking(context)
    api, older, export = Api(asking), OlderApi(asking), Export(asking)
    shared = SharedPages(context, pages)
    metrics, operator = Metrics(context, figures), Operator(context, reports)
    ledger = LedgerPage(context, reports)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        context.threads.shutdown()

    return Starlette(
        routes=[
            Route("/", pages.home),
            Route("/login", doors.login, methods=["GET", "POST"]),
            Route("/logout", doors.logout, methods=["POST"]),
            Route("/ledger", ledger.show),
            Route("/api/v2/query", api.query, methods=["POST"]),
            Route("/api/v1/stats/realtime/visitors", older.current),
            Route("/api/v1/stats/aggregate", older.aggregate),
            Route("/api/v1/stats/timeseries", older.timeseries),
            Route("/api/v1/stats/breakdown", older.breakdown),
            Route("/api/export.csv", export.csv),
            Route("/api/openapi.json", api.describe),
            Route("/api/operator/{name}", operator.report),
            Route("/health/live", health.live),
            Route("/health/ready", health.ready),
            Route("/metrics", metrics.show),
            Mount("/static", VersionedFiles(context.templates.version)),
            Route("/share/{token}", shared.share),
            Route("/embed/{key}", shared.embed),
            Route("/{domain:path}", pages.site),
        ],
        middleware=[
            Middleware(SecurityHeaders, is_https=settings.dashboard.url.startswith("https://")),
            Middleware(GZipMiddleware, minimum_size=500),
            Middleware(SessionRenewal, context=context),
        ],
        exception_handlers=Failures(context).handlers(),
        lifespan=lifespan,
        max_body_size=MAX_BODY_BYTES,
    )
