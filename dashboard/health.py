"""/health/live, /health/ready, /metrics: for supervisors and monitoring, which ask from this machine."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from http import HTTPStatus

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from dashboard.context import Context
from schema.errors import StoreUnavailableError


class Health:
    """How the process is. Only this machine is told more than yes or no."""

    def __init__(self, context: Context) -> None:
        self._context = context
        context.measures.registry.register(_StatusGauges(context))

    async def live(self, request: Request) -> Response:
        """Say that the process answers."""
        return PlainTextResponse("ok")

    async def ready(self, request: Request) -> Response:
        """Say whether the store answers and the counts are up to date."""
        status = self._status()
        ready = {"ready": await self._is_store_there() and bool(status.get("ready", True))}
        code = HTTPStatus.OK if ready["ready"] else HTTPStatus.SERVICE_UNAVAILABLE
        return JSONResponse({**status, **ready} if is_local(request) else ready, code)

    async def metrics(self, request: Request) -> Response:
        """Tell Prometheus, on this machine."""
        if not is_local(request):
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return Response(generate_latest(self._context.measures.registry), media_type=CONTENT_TYPE_LATEST)

    def _status(self) -> Mapping[str, object]:
        return self._context.status() if self._context.status else {}

    async def _is_store_there(self) -> bool:
        try:
            await self._context.read(lambda counts: counts.store.query("SELECT 1"))
        except StoreUnavailableError:
            return False
        return True


class _StatusGauges(Collector):
    """The numbers of the aggregator's status."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield a gauge for each number."""
        for name, value in (self._context.status() if self._context.status else {}).items():
            if isinstance(value, int | float):
                yield GaugeMetricFamily(f"footfall_{name}", f"{name} of the aggregator", value=float(value))


def is_local(request: Request) -> bool:
    """Whether the request comes from this machine, by the address behind trusted proxies."""
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
