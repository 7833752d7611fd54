"""POST /api/v2/query and GET /api/openapi.json: the same questions and answers as the pages, as JSON."""

from __future__ import annotations

from functools import partial

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from dashboard.answer_json import as_json
from dashboard.asking import Asking
from dashboard.openapi import describe_api
from dashboard.question import decode_question, read_question


class Api:
    """The Stats API."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def query(self, request: Request) -> Response:
        """Answer one question."""
        question = decode_question(await request.body())
        answer = await self._asking.ask(request, question.site_id, partial(read_question, question))
        return Response(msgspec.json.encode(as_json(answer)), media_type="application/json")

    async def describe(self, request: Request) -> Response:
        """Describe the API, for programs that write clients."""
        return Response(msgspec.json.encode(describe_api()), media_type="application/json")
