"""The collector's ASGI application: its routes, its middleware, and what they are wired to."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Iterable

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from collector.clock import Milliseconds
from collector.day_key import DayKey
from collector.event_endpoint import EVENT_PATH, EventEndpoint
from collector.health import WarningLog, live, make_ready
from collector.intake import Intake, Spool
from collector.pixel import make_pixel
from collector.place import REFRESH_SECONDS, Places
from collector.quiet_failures import QuietFailures
from collector.rate_limit import RateLimit
from collector.script import script_routes
from collector.tables import make_tables
from schema.errors import DayKeyUnavailableError
from schema.settings import Settings

MIDDLEWARE = (QuietFailures,)  # every request goes through it, the outermost first
FORGET_SECONDS = 15.0
DAY_KEY_SECONDS = 10.0  # the old key is destroyed this soon after midnight, even if no beacon comes

log = logging.getLogger("footfall.collector")


def create_app(
    settings: Settings,
    spool: Spool,
    day_key: DayKey,
    clock: Milliseconds,
    on_day_over: Callable[[], None] = lambda: None,
) -> ASGIApp:
    """Return the application; `clock` gives milliseconds since the epoch and never goes back.

    `on_day_over` is called, in the event loop, whenever the day key has become another day's.
    """
    tables = make_tables(settings)
    intake = Intake(settings.collector, tables, spool, day_key, clock)
    event = EventEndpoint(intake, settings.collector.max_body_bytes)
    warners = (intake.diagnosis.warning, tables.places.warning)
    routes = [
        Route("/pixel.gif", make_pixel(intake)),
        *script_routes(settings),
        Route("/health/live", live),
        Route("/health/ready", make_ready(spool, day_key, clock, warners)),
    ]

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        tasks = [
            asyncio.create_task(_turn_day_key(day_key, clock, on_day_over)),
            asyncio.create_task(_forget_senders((tables.visitor_limit, tables.site_limit), clock)),
            asyncio.create_task(_look_around(tables.places, WarningLog(warners))),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()

    rest = Starlette(routes=routes, lifespan=lifespan)

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        """Send beacons past everything that the other paths need."""
        is_event = scope["type"] == "http" and scope["path"] == EVENT_PATH
        await (event if is_event else rest)(scope, receive, send)

    app: ASGIApp = route
    for middleware in reversed(MIDDLEWARE):
        app = middleware(app)
    return app


async def _look_around(places: Places, warnings: WarningLog) -> None:
    """Read the place database again when it has changed; say what is wrong, once."""
    while True:
        warnings.look()
        await asyncio.sleep(REFRESH_SECONDS)
        await asyncio.to_thread(places.refresh)


async def _forget_senders(limits: Iterable[RateLimit], clock: Milliseconds) -> None:
    """Do not remember who sent something, not even by a code, for longer than the limits need it."""
    while True:
        for limit in limits:
            limit.forget(clock())
        await asyncio.sleep(FORGET_SECONDS)


async def _turn_day_key(day_key: DayKey, clock: Milliseconds, on_day_over: Callable[[], None]) -> None:
    """Keep the key the current day's. A failure shows in /health/ready, and in every beacon's answer."""
    day = day_key.day
    while True:
        try:
            day_key.current(clock())
        except DayKeyUnavailableError as error:
            log.error("%s", error)
        if day_key.day != day:
            day = day_key.day
            on_day_over()
        await asyncio.sleep(DAY_KEY_SECONDS)
