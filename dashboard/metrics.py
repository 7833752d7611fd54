"""GET /metrics: how Footfall does on this host, for Prometheus. Whoever may read every site may read this too."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from dashboard.context import Context, Status
from dashboard.guard import admit_operator

# Key of the aggregator's status → name and help text.
GAUGES: Mapping[str, tuple[str, str]] = {
    "ready": ("footfall_ready", "Whether all is counted and shown: 1, or 0."),
    "lag_seconds": ("footfall_lag_seconds", "For how long the oldest window not yet cut could have been."),
    "batches_waiting": ("footfall_batches_waiting", "Batches in the archive that are not known to be in the store."),
    "counted_through": (
        "footfall_counted_through_timestamp_seconds",
        "The end of the last window that was cut, in seconds since the epoch; 0 before the first.",
    ),
}
STORE_REACHABLE = ("footfall_store_reachable", "Whether the store took the last thing it was given: 1, or 0.")
ALARMS = ("footfall_alarms", "What went wrong in the aggregator and was survived, by kind of error.")
LEDGER = (
    "footfall_ledger_difference",
    "Records of days not closed that collector, spool and store do not agree on, by site: 0 unless something is wrong.",
)


class Metrics:
    """The endpoint; `others` are collectors of the parts that run beside the dashboard."""

    def __init__(self, context: Context, others: Sequence[Collector] = ()) -> None:
        self._context = context
        self._registry = context.measures.registry
        for collector in (StatusFigures(context.status), *others):
            self._registry.register(collector)

    async def show(self, request: Request) -> Response:
        """Answer in the format that was asked for. Files are read for it, so in a thread."""
        admit_operator(self._context, request)
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        content = await asyncio.to_thread(encode, self._registry)
        return Response(content, headers={"Content-Type": content_type})


class StatusFigures(Collector):
    """The figures of the aggregator's status, where it runs beside the dashboard."""

    def __init__(self, status: Status | None) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        """Yield each metric that the status has a figure for."""
        status = self._status() if self._status else {}
        for key, (name, help_text) in GAUGES.items():
            if isinstance(value := status.get(key), int | float):
                yield GaugeMetricFamily(name, help_text, value=float(value))
        if "store" in status:
            yield GaugeMetricFamily(*STORE_REACHABLE, value=float(status["store"] == "ok"))
        if isinstance(differences := status.get("ledger_difference"), Mapping) and differences:
            ledger = GaugeMetricFamily(*LEDGER, labels=("site",))
            for site, records in sorted(differences.items()):
                ledger.add_metric([str(site)], records)
            yield ledger
        if isinstance(problems := status.get("problems"), Mapping):
            alarms = CounterMetricFamily(*ALARMS, labels=("kind",))
            for kind, count in sorted(problems.items()):
                alarms.add_metric([str(kind)], count)
            yield alarms
