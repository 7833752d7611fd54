"""GET /health/live and /health/ready: whether the worker runs, and whether it can take a beacon now."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from collector.clock import Milliseconds
from collector.day_key import DayKey
from collector.intake import Spool
from schema.errors import DayKeyUnavailableError

_HEADERS = {"cache-control": "no-store"}


async def live(request: Request) -> Response:
    """Answer 200: whoever can answer is alive."""
    return JSONResponse({"status": "live"}, headers=_HEADERS)


def make_ready(spool: Spool, day_key: DayKey, clock: Milliseconds) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint that answers 200, or 503 with what is wrong."""

    async def ready(request: Request) -> Response:
        found = [await asyncio.to_thread(spool.problem), _day_key_problem(day_key, clock)]
        problems = [problem for problem in found if problem]
        if problems:
            return JSONResponse({"status": "not ready", "problems": problems}, 503, _HEADERS)
        return JSONResponse({"status": "ready"}, headers=_HEADERS)

    return ready


def _day_key_problem(day_key: DayKey, clock: Milliseconds) -> str:
    try:
        day_key.current(clock())
    except DayKeyUnavailableError as error:
        return str(error)
    return ""
