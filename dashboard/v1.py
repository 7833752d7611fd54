"""GET /api/v1/stats/…: the questions of older clients, mapped onto the same query."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from dashboard.answer import Answer, ResultRow
from dashboard.answer_json import metrics_of
from dashboard.asking import Asking
from dashboard.query import Query
from dashboard.v1_words import check_known, interval_of, read_parameters
from dashboard.vocabulary import PROPS
from schema.errors import QueryError
from schema.settings import SiteSettings


class OlderApi:
    """The first Stats API, for clients that still speak it."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def current(self, request: Request) -> Response:
        """Visits that are open now: whoever was seen within half an hour."""
        parameters = parameters_of(request)
        admission = self._asking.admit(request, parameters["site_id"])
        if not admission.may_see_live:
            raise QueryError("site_id", "has open visits that this link does not show: it is for a part of the site")
        visits = await self._asking.context.read(lambda counts: counts.open_visits(admission.site.domain))
        return _json(visits or 0)

    async def aggregate(self, request: Request) -> Response:
        """Each metric once."""
        answer = await self._ask(request, [])
        (row,) = answer.rows
        results: dict[str, dict[str, Any]] = {}
        for number, (name, value) in enumerate(zip(answer.query.metrics, metrics_of(answer.query, row), strict=True)):
            results[name] = {"value": value}
            if row.comparison:
                results[name]["change"] = row.comparison.changes[number]
        return _json({"results": results})

    async def timeseries(self, request: Request) -> Response:
        """Each metric by time."""
        answer = await self._ask(request, [interval_of(parameters_of(request))], {"limit": "10000"})
        return _json({"results": [{"date": row.dimensions[0], **_named(answer, row)} for row in answer.rows]})

    async def breakdown(self, request: Request) -> Response:
        """Each metric by a property."""
        name = parameters_of(request).get("property", "")
        if not name:
            raise QueryError("property", "is missing: what the rows go by, such as event:page")
        try:
            answer = await self._ask(request, [name])
        except QueryError as error:
            raise QueryError("property" if error.field == "dimensions" else error.field, error.problem) from None
        key = name.removeprefix(PROPS) if name.startswith(PROPS) else name.partition(":")[2]
        return _json({"results": [{key: row.dimensions[0], **_named(answer, row)} for row in answer.rows]})

    async def _ask(self, request: Request, dimensions: list[str], given: dict[str, str] | None = None) -> Answer:
        parameters = parameters_of(request) | (given or {})

        def read(site: SiteSettings, now_ms: int, min_count: int) -> Query:
            return read_parameters(parameters, dimensions, site, now_ms, min_count)

        return await self._asking.ask(request, parameters["site_id"], read)


def parameters_of(request: Request) -> dict[str, str]:
    """Return the parameters of the address, each once.

    Raises:
        QueryError: one is unknown, is there twice, or site_id is missing.
    """
    parameters = dict(request.query_params)
    check_known(parameters)
    if len(parameters) < len(request.query_params.multi_items()):
        raise QueryError("parameters", "has one twice")
    if not parameters.get("site_id"):
        raise QueryError("site_id", "is missing: the domain of a site")
    return parameters


def _named(answer: Answer, row: ResultRow) -> dict[str, Any]:
    return dict(zip(answer.query.metrics, metrics_of(answer.query, row), strict=True))


def _json(content: Any) -> Response:
    return Response(msgspec.json.encode(content), media_type="application/json")
