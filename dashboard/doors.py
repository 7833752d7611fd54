"""In and out: a login link puts its token into a cookie, and out of the address bar; signing out takes it away."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from dashboard.access import EVERY_SITE, cookie_name, read_token
from dashboard.context import Context
from dashboard.guard import problem_of
from schema.errors import RejectError

SIGNED_OUT = "signed-out"  # in the address of the page after it


class Doors:
    """GET /login?token=…, POST /logout."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def login(self, request: Request) -> Response:
        """Keep the token as long as it is valid, and go to its site."""
        token = request.query_params.get("token", "")
        now_ms = self._context.clock()
        try:
            grant = read_token(self._context.secret, token, now_ms)
        except RejectError:
            raise HTTPException(HTTPStatus.UNAUTHORIZED, problem_of(self._context, token)) from None
        response = RedirectResponse("/" if grant.site == EVERY_SITE else f"/{quote(grant.site)}", HTTPStatus.SEE_OTHER)
        is_secure = request.url.scheme == "https"
        response.set_cookie(
            cookie_name(request.url.scheme),
            token,
            max_age=(grant.expires_at - now_ms) // 1000,
            secure=is_secure,
            httponly=True,
            samesite="lax",
        )
        return response

    async def logout(self, request: Request) -> Response:
        """Forget the token, if the person asked for it on our own page."""
        if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            raise HTTPException(HTTPStatus.FORBIDDEN, "signing out works from the dashboard's own pages only")
        response = RedirectResponse(f"/?{SIGNED_OUT}", HTTPStatus.SEE_OTHER)
        is_secure = request.url.scheme == "https"
        response.delete_cookie(cookie_name(request.url.scheme), secure=is_secure, httponly=True, samesite="lax")
        return response
