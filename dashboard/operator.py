"""GET /api/operator/NAME: what the process that owns the store knows, for the command on the same machine, as JSON.

Whoever may read every site may read this too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import date
from http import HTTPStatus

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from dashboard.context import Context
from dashboard.guard import admit_operator
from schema.errors import QueryError

Reports = Mapping[str, Callable[[date | None], object]]  # by name: the report of a day, or of what is open


class Operator:
    """The endpoint; `reports` come from the parts that run beside the dashboard."""

    def __init__(self, context: Context, reports: Reports) -> None:
        self._context = context
        self._reports = reports

    async def report(self, request: Request) -> Response:
        """Answer with one report. It may wait for the aggregator, so in a thread."""
        admit_operator(self._context, request)
        report = self._reports.get(request.path_params["name"])
        if report is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "there is no such report here")
        found = await asyncio.to_thread(report, asked_day(request))
        return Response(msgspec.json.encode(found), media_type="application/json")


def asked_day(request: Request) -> date | None:
    """Return the day that the request asks for; None for the days that are open.

    Raises:
        QueryError: it is not a date.
    """
    text = request.query_params.get("day", "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise QueryError("day", "the day is not a date such as 2026-11-22") from None
