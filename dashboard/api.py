"""POST /api/v2/query: the same questions and answers as the pages, as JSON."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from dashboard.context import Context
from dashboard.guard import admit
from dashboard.question import decode_question, read_question


class Api:
    """The Stats API."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def query(self, request: Request) -> Response:
        """Answer one question."""
        question = decode_question(await request.body())
        admission = admit(self._context, request, question.site_id)
        now_ms = self._context.clock()
        query = admission.restrict(read_question(question, admission.site, now_ms))
        answer = await self._context.read(lambda counts: counts.ask(query, now_ms))
        return Response(msgspec.json.encode(answer.as_json()), media_type="application/json")
