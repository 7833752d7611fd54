"""Middleware: an unexpected error is answered 500 and told by its type and place, never by its message.

The message may quote what the error is about, which came from a visitor; so nothing further out, where it would be
printed, ever sees it.
"""

from __future__ import annotations

import contextlib
import logging
import traceback
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from collector.answers import FAILED

log = logging.getLogger("footfall.collector")


class QuietFailures:
    """Wraps an ASGI application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and answer it if that fails."""
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            if scope["type"] != "http":
                raise
            log.error("a request failed: %s in %s", type(error).__name__, _place(error))
            with contextlib.suppress(RuntimeError):  # half of an answer is out already: the server ends the connection
                await send(FAILED.start)
                await send(FAILED.body)


def _place(error: Exception) -> str:
    """Return where it was raised, as `file:line`."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "unknown"
