"""The headers that keep a page to itself: nothing from elsewhere, no inline code, no frame, no copy in a cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
    " connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors "
)
HSTS = "max-age=31536000; includeSubDomains"
SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": f"{_POLICY}'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def allow_frames(response: Response, origins: Sequence[str]) -> Response:
    """Return `response` such that pages of `origins` may show it in a frame, and no others."""
    response.headers["Content-Security-Policy"] = _POLICY + " ".join(origins)
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


class SecurityHeaders:
    """ASGI middleware that adds them to every answer that does not say otherwise itself."""

    def __init__(self, app: ASGIApp, *, is_https: bool = False) -> None:
        self._app = app
        self._is_https = is_https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if self._is_https or scope["scheme"] == "https":
                    headers.setdefault("Strict-Transport-Security", HSTS)
                is_framed = "Content-Security-Policy" in headers  # only allow_frames sets one
                for name, value in SECURITY_HEADERS.items():
                    if not (is_framed and name == "X-Frame-Options"):
                        headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)
