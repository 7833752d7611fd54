"""In and out: a login link or a name and password put something into a cookie, signing out takes it away."""

from __future__ import annotations

import ipaddress
from http import HTTPStatus
from urllib.parse import parse_qsl, quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dashboard.access import Grant, cookie_name, read_token
from dashboard.context import Context
from dashboard.guard import BAD_TOKEN, problem_of
from dashboard.own_page import is_from_own_page, safe_path
from schema.check_dashboard import EVERY_SITE
from schema.errors import RejectError, SignInError, TooManyAttemptsError

SIGNED_OUT = "signed-out"  # in the address of the page after it
NOT_OURS = "signing in and out works from the dashboard's own pages only"
_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 10

WRONG = "Name and password do not belong together."


class Doors:
    """GET /login, with or without ?token=…, POST /login, POST /logout."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def login(self, request: Request) -> Response:
        """Show the form; or with a link's token keep that as long as it is valid, and go to its site."""
        if request.method == "POST":
            return await self._sign_in(request)
        if "token" not in request.query_params and self._context.users:
            return sign_in_page(self._context, request, safe_path(request.query_params.get("next", "/")))
        return self._follow_link(request)

    async def logout(self, request: Request) -> Response:
        """End the session, forget the token, if the person asked for it on our own page."""
        if not is_from_own_page(request, self._context.settings):
            raise HTTPException(HTTPStatus.FORBIDDEN, NOT_OURS)
        if session := self._context.session_of(request):
            self._context.users.sign_out(session)
        response = RedirectResponse(f"/?{SIGNED_OUT}", HTTPStatus.SEE_OTHER)
        is_secure = self._context.is_secure(request)
        response.delete_cookie(cookie_name(is_secure=is_secure), secure=is_secure, httponly=True, samesite="lax")
        return response

    def _follow_link(self, request: Request) -> Response:
        token = request.query_params.get("token", "")
        now_ms = self._context.clock()
        try:
            grant = read_token(self._context.secret, token, now_ms)
        except RejectError:
            raise HTTPException(HTTPStatus.UNAUTHORIZED, problem_of(self._context, token)) from None
        if self._context.revocations.is_revoked(grant.id, now_ms):
            raise HTTPException(HTTPStatus.UNAUTHORIZED, BAD_TOKEN)
        response = RedirectResponse(_start_of(grant), HTTPStatus.SEE_OTHER)
        keep_signed_in(self._context, request, response, token, (grant.expires_at - now_ms) // 1000)
        return response

    async def _sign_in(self, request: Request) -> Response:
        if not is_from_own_page(request, self._context.settings):
            raise HTTPException(HTTPStatus.FORBIDDEN, NOT_OURS)
        fields = await _read_form(request)
        name, path = fields.get("name", ""), safe_path(fields.get("next", "/"))
        previous = self._context.session_of(request)
        try:
            session = await self._context.users.sign_in(name, fields.get("password", ""))
        except TooManyAttemptsError as error:
            return _too_many(self._context, request, path, error.retry_after)
        except SignInError:
            return sign_in_page(self._context, request, path, HTTPStatus.FORBIDDEN, problem=WRONG, name=name)
        if previous:
            self._context.users.sign_out(previous)
        response = RedirectResponse(path, HTTPStatus.SEE_OTHER)
        seconds = (session.expires_at - session.renewed_at) // 1000
        keep_signed_in(self._context, request, response, self._context.users.cookie_of(session), seconds)
        return response


def keep_signed_in(context: Context, request: Request, response: Response, cookie: str, seconds: int) -> None:
    """Put a token or a session into the browser's cookie."""
    is_secure = context.is_secure(request)
    name = cookie_name(is_secure=is_secure)
    response.set_cookie(name, cookie, max_age=seconds, secure=is_secure, httponly=True, samesite="lax")


def sign_in_page(
    context: Context, request: Request, path: str, status: int = HTTPStatus.OK, *, problem: str = "", name: str = ""
) -> Response:
    """Return the page with the form; `path` is where to go afterwards."""
    html = context.templates.render(
        "sign_in.html",
        path=path,
        problem=problem,
        name=name[:64],
        is_readable_on_the_way=not context.is_secure(request) and not _is_this_machine(request.url.hostname or ""),
    )
    # With no-referrer browsers would not say that the form is from our own page.
    return HTMLResponse(html, status, {"Referrer-Policy": "same-origin"})


def _too_many(context: Context, request: Request, path: str, seconds: int) -> Response:
    minutes = -(-seconds // 60)
    wait = f"{seconds} seconds" if seconds <= 60 else f"{minutes} minutes"
    problem = f"That was tried too often. Try again in {wait}, or use a login link."
    response = sign_in_page(context, request, path, HTTPStatus.TOO_MANY_REQUESTS, problem=problem)
    response.headers["Retry-After"] = str(seconds)
    return response


async def _read_form(request: Request) -> dict[str, str]:
    if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != _FORM:
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the form of the sign-in page is wanted")
    body = await request.body()
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "that is not the form of the sign-in page") from None


def _start_of(grant: Grant) -> str:
    (site,) = grant.owner or grant.viewer
    return "/" if site == EVERY_SITE else f"/{quote(site)}"


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
