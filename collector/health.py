"""GET /health/live and /health/ready: whether the worker runs, and whether it can take a beacon now."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from collector.clock import Milliseconds
from collector.day_key import DayKey
from collector.intake import Spool
from schema.errors import DayKeyUnavailableError

Warner = Callable[[], str]  # says in words what is wrong, though beacons are taken; empty if nothing is

_HEADERS = {"cache-control": "no-store"}

log = logging.getLogger("footfall.collector")


async def live(request: Request) -> Response:
    """Answer 200: whoever can answer is alive."""
    return JSONResponse({"status": "live"}, headers=_HEADERS)


def make_ready(
    spool: Spool, day_key: DayKey, clock: Milliseconds, warners: Sequence[Warner] = ()
) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint that answers 200, with warnings if there are any, or 503 with what is wrong."""

    async def ready(request: Request) -> Response:
        found = [await asyncio.to_thread(spool.problem), _day_key_problem(day_key, clock)]
        problems = [problem for problem in found if problem]
        warnings = [warning for warner in warners if (warning := warner())]
        content: dict[str, object] = {"status": "not ready" if problems else "ready"}
        content |= {"problems": problems} if problems else {}
        content |= {"warnings": warnings} if warnings else {}
        return JSONResponse(content, 503 if problems else 200, _HEADERS)

    return ready


class WarningLog:
    """Says each warning once on the log, and again only if it had gone meanwhile."""

    def __init__(self, warners: Sequence[Warner]) -> None:
        self._warners = warners
        self._was_said = [False] * len(warners)

    def look(self) -> None:
        """Ask everyone; to be called now and then."""
        for index, warner in enumerate(self._warners):
            warning = warner()
            if warning and not self._was_said[index]:
                log.warning("%s", warning)
            self._was_said[index] = bool(warning)


def _day_key_problem(day_key: DayKey, clock: Milliseconds) -> str:
    try:
        day_key.current(clock())
    except DayKeyUnavailableError as error:
        return str(error)
    return ""
