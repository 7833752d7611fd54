"""/health/live, /health/ready: for supervisors and monitoring, which ask from this machine."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from dashboard.context import Context
from schema.errors import StoreUnavailableError


class Health:
    """How the process is. Only this machine is told more than yes or no."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def live(self, request: Request) -> Response:
        """Say that the process answers."""
        return PlainTextResponse("ok")

    async def ready(self, request: Request) -> Response:
        """Say whether the store answers and the counts are up to date."""
        trouble = await self._store_trouble()
        status = self._status()
        if trouble and status.get("store", "ok") == "ok":
            status = {**status, "store": trouble}
        ready = {"ready": not trouble and bool(status.get("ready", True))}
        code = HTTPStatus.OK if ready["ready"] else HTTPStatus.SERVICE_UNAVAILABLE
        return JSONResponse({**status, **ready} if is_local(request) else ready, code)

    def _status(self) -> Mapping[str, object]:
        return self._context.status() if self._context.status else {}

    async def _store_trouble(self) -> str:
        """Why the store does not answer; empty if it does."""
        try:
            await self._context.read(lambda counts: counts.store.query("SELECT 1"))
        except StoreUnavailableError as error:
            return str(error)
        return ""


def is_local(request: Request) -> bool:
    """Whether the request comes from this machine, by the address behind trusted proxies."""
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
