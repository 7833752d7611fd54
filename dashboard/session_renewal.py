"""Middleware: replaces the cookie of a session that is in use by a new one now and then, so that a copy gets old."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.context import Context
from dashboard.doors import keep_signed_in
from dashboard.sessions import Session


class SessionRenewal:
    """ASGI middleware. An answer that sets a cookie itself keeps it."""

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self._app = app
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        session = self._context.session_of(Request(scope)) if scope["type"] == "http" else None
        if session is None or not session.is_due(self._context.clock()):
            await self._app(scope, receive, send)
            return

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if "set-cookie" not in headers and (renewed := self._context.users.renew(session)):
                    headers.append("set-cookie", self._cookie(scope, renewed))
            await send(message)

        await self._app(scope, receive, send_with_cookie)

    def _cookie(self, scope: Scope, session: Session) -> str:
        response = Response()
        seconds = (session.expires_at - session.renewed_at) // 1000
        keep_signed_in(self._context, Request(scope), response, self._context.users.cookie_of(session), seconds)
        return response.headers["set-cookie"]
