"""POST /api/event, as a plain ASGI callable: the one path that every visitor's browser takes."""

from __future__ import annotations

from starlette.types import Receive, Scope, Send

from collector.answers import (
    ACCEPTED,
    INCOMPLETE,
    PREFLIGHT,
    TOO_LARGE,
    WHOLE_ANSWER,
    WRONG_METHOD,
    Answer,
    make_malformed,
    make_rejected,
    make_too_many,
    make_unavailable,
)
from collector.body import BodyIncompleteError, BodyTooLargeError, read_body
from collector.intake import Intake
from schema.errors import BeaconError, NotNowError, TooManyBeaconsError

EVENT_PATH = "/api/event"


class EventEndpoint:
    """Takes one beacon per request."""

    def __init__(self, intake: Intake, max_body_bytes: int) -> None:
        self._intake = intake
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request."""
        if scope["method"] == "POST":
            answer = await self._take(scope, receive)
        else:
            answer = PREFLIGHT if scope["method"] == "OPTIONS" else WRONG_METHOD
        if WHOLE_ANSWER in scope.get("extensions", ()):
            await send({"type": WHOLE_ANSWER, "answer": answer})
        else:
            await send(answer.start)
            await send(answer.body)

    async def _take(self, scope: Scope, receive: Receive) -> Answer:
        try:
            rejections = await self._intake.take(await read_body(receive, self._max_body_bytes), scope)
        except (BeaconError, NotNowError, BodyTooLargeError, BodyIncompleteError) as error:
            return _answer_to(error)
        return make_rejected(rejections) if rejections else ACCEPTED


def _answer_to(error: Exception) -> Answer:
    match error:
        case BeaconError():
            return make_malformed(error.field, error.problem)
        case TooManyBeaconsError():
            return make_too_many(error.retry_after)
        case NotNowError():
            return make_unavailable(error.retry_after)
        case BodyTooLargeError():
            return TOO_LARGE
        case _:
            return INCOMPLETE
