"""Errors → answers: one JSON shape for the API, one page for people, each saying what to do next."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from dashboard.context import Context
from dashboard.doors import NOT_OURS, sign_in_page
from dashboard.guard import BAD_TOKEN, NO_SHARE, OLD_TOKEN
from dashboard.own_page import safe_path
from dashboard.security import SECURITY_HEADERS
from schema.errors import RejectError, RetryError, ShardUnavailableError

RETRY_SECONDS = 5
_API = "/api/"
_DOMAIN = re.compile(r"[a-z0-9][a-z0-9.-]{0,252}")  # what can be pasted into a shell

# Status → (title, what it means for the reader).
_WORDS: Mapping[int, tuple[str, str]] = {
    HTTPStatus.UNAUTHORIZED: ("This dashboard is private", "A login link opens it."),
    HTTPStatus.FORBIDDEN: ("This link is for another site", "Your login link does not open this one."),
    HTTPStatus.NOT_FOUND: (
        "There is no such page",
        "The address may be mistyped, or the site is not in footfall.toml.",
    ),
    HTTPStatus.SERVICE_UNAVAILABLE: (
        "The counts cannot be read right now",
        "Nothing is lost: what is counted meanwhile will be here. This page tries again by itself.",
    ),
}
# What is wrong with a token → the same, where that says more than the status.
_TOKEN_WORDS: Mapping[str, tuple[str, str]] = {
    OLD_TOKEN: ("This link has expired", "A new login link opens the dashboard."),
    BAD_TOKEN: (
        "This link does not work",
        "It is not whole, or not for this Footfall. Copy all of it once more, or use a new one.",
    ),
    NO_SHARE: ("This link opens nothing", "It has expired, was taken back, or is not whole. Ask who gave it to you."),
    NOT_OURS: ("That cannot be done from there", "Signing in and out works from the dashboard's own pages only."),
}
_PART_IS_AWAY = "part {} of {} of the store, which has this site, does not answer now"
_LINK_PROBLEMS = (BAD_TOKEN, OLD_TOKEN, NO_SHARE)
# Status → the part of a request to the API that is wrong.
_FIELDS: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: "token",
    HTTPStatus.FORBIDDEN: "site_id",
    HTTPStatus.NOT_FOUND: "site_id",
    HTTPStatus.METHOD_NOT_ALLOWED: "method",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "body",
    HTTPStatus.TOO_MANY_REQUESTS: "token",
}
_UNCLEAR = ("That cannot be shown", "")
_OTHER = ("Something went wrong", "It was our mistake, and the log says more. Counting goes on meanwhile.")


class Failures:
    """The handlers of create_app's error table."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def handlers(self) -> Mapping[Any, Any]:
        """Return error class → handler."""
        return {
            HTTPException: self.on_http,
            RejectError: self.on_reject,
            RetryError: self.on_retry,
            Exception: self.on_mistake,
        }

    async def on_http(self, request: Request, error: HTTPException) -> Response:
        """401, 403, 404, 405, 413."""
        field = _FIELDS.get(error.status_code, "") if _is_api(request) else ""
        if error.status_code == HTTPStatus.NOT_FOUND and error.detail == HTTPStatus.NOT_FOUND.phrase:
            field = "path"  # no such endpoint; our own words are about sites
        return self._answer(request, error.status_code, error.detail, field=field, headers=error.headers)

    async def on_reject(self, request: Request, error: RejectError) -> Response:
        """A question that is malformed, or that cannot be answered."""
        problem = str(error) if _is_api(request) else _sentence(error.problem)
        return self._answer(request, HTTPStatus.BAD_REQUEST, problem, field=error.field)

    async def on_retry(self, request: Request, error: RetryError) -> Response:
        """The store does not answer."""
        headers = {"Retry-After": str(RETRY_SECONDS)}
        problem = "the store does not answer now"
        if isinstance(error, ShardUnavailableError):
            problem = _PART_IS_AWAY.format(error.shard, error.shards)
        return self._answer(request, HTTPStatus.SERVICE_UNAVAILABLE, problem, headers=headers)

    async def on_mistake(self, request: Request, error: Exception) -> Response:
        """Whatever should not happen; answered outside all middleware, so with their headers."""
        return self._answer(
            request, HTTPStatus.INTERNAL_SERVER_ERROR, "an error of ours; the log says more", headers=SECURITY_HEADERS
        )

    def _answer(
        self, request: Request, status: int, problem: str, *, field: str = "", headers: Mapping[str, str] | None = None
    ) -> Response:
        if _is_api(request):
            body = {"error": problem, "field": field} if field else {"error": problem}
            return JSONResponse(body, status, headers)
        if status == HTTPStatus.UNAUTHORIZED and self._context.users and problem not in _LINK_PROBLEMS:
            return sign_in_page(self._context, request, _path_of(request), status)
        title, meaning = (
            _TOKEN_WORDS.get(problem)
            or _part_words(problem)
            or _WORDS.get(status, _OTHER if status >= HTTPStatus.INTERNAL_SERVER_ERROR else _UNCLEAR)
        )
        html = self._context.templates.render(
            "failure.html",
            status=status,
            title=title,
            meaning=meaning or problem,
            asked=_asked_site(request),
            retry_seconds=RETRY_SECONDS if status == HTTPStatus.SERVICE_UNAVAILABLE else 0,
        )
        return HTMLResponse(html, status, headers)


def _part_words(problem: str) -> tuple[str, str] | None:
    """What it means for a reader that a part of the store is away; None if it is not that."""
    if not re.fullmatch(_PART_IS_AWAY.format(r"\d+", r"\d+"), problem):
        return None
    return (
        "The counts of this site cannot be read right now",
        f"{_sentence(problem)} Sites on other parts are shown in full. Nothing is lost: what is counted meanwhile will"
        " be here. This page tries again by itself.",
    )


def _asked_site(request: Request) -> str:
    """The site in the address, whether there is one or not: a stranger is not told which; empty where none can be."""
    domain = str(request.path_params.get("domain", ""))
    return domain if _DOMAIN.fullmatch(domain) else ""


def _path_of(request: Request) -> str:
    """Where to go after signing in: to what was asked for, if it can be asked for again."""
    if request.method != "GET":
        return "/"
    query = request.url.query
    return safe_path(request.url.path + (f"?{query}" if query else ""))


def _sentence(clause: str) -> str:
    return f"{clause[:1].upper()}{clause[1:]}."


def _is_api(request: Request) -> bool:
    return request.url.path.startswith(_API)
