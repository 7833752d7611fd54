"""GET /metrics: who may read it, in which format, and what it says of the aggregator and of the parts beside it."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.routing import Route

from dashboard.context import Context
from dashboard.failures import Failures
from dashboard.metrics import Metrics
from dashboard.reader import Reader
from dashboard.rendering import Templates
from schema.store import NO_PARAMETERS, Capabilities, Parameters, Row
from support.dashboard_client import NOW, SECRET, SETTINGS, token
from support.undivided import Undivided

STATUS = {
    "ready": True,
    "store": "ok",
    "lag_seconds": 3,
    "batches_waiting": 2,
    "counted_through": 1_773_144_000,
    "alarms": 5,
    "problems": {"SegmentDamagedError": 4, "ArchiveDamagedError": 1},
    "latest_problems": ["the segment of alice"],
}


class NoStore(Undivided):
    """A store that nobody is to ask."""

    capabilities = Capabilities((26, 9))

    def query(self, sql: str, parameters: Parameters = NO_PARAMETERS) -> list[Row]:
        raise AssertionError(sql)


class Hens(Collector):
    """A part beside the dashboard."""

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("hens", "Hens awake.", value=4)


def ask(status: dict[str, Any] | None = STATUS, bearer: str | None = None, **headers: str) -> httpx.Response:
    context = Context(
        SETTINGS, Reader(NoStore()), SECRET, lambda: NOW, None if status is None else lambda: status, Templates()
    )
    app = Starlette(
        routes=[Route("/metrics", Metrics(context, [Hens()]).show)],
        exception_handlers=Failures(context).handlers(),
    )
    headers = {"Authorization": f"Bearer {token() if bearer is None else bearer}", **headers}

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 5000))
        async with httpx.AsyncClient(transport=transport, base_url="http://dashboard.example") as client:
            return await client.get("/metrics", headers=headers)

    return asyncio.run(send())


def samples(answer: httpx.Response) -> dict[str, float]:
    """Name and label values → value."""
    families = text_string_to_metric_families(answer.text)
    return {
        " ".join((sample.name, *sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
        if not sample.name.startswith("footfall_dashboard")
    }


@pytest.mark.parametrize(
    ("bearer", "status"),
    [("", 401), ("nonsense", 401), (token("example.com"), 403), (token("*"), 200)],
    ids=["nobody", "nonsense", "of one site", "of every site"],
)
def test_whoever_may_read_every_site_may_read_it_and_nobody_else_on_this_machine_or_not(
    bearer: str, status: int
) -> None:
    answer = ask(bearer=bearer)
    assert answer.status_code == status
    assert ("hens" in answer.text) == (status == 200)
    assert ("www-authenticate" in answer.headers) == (status == 401)


def test_it_says_how_the_aggregator_does() -> None:
    assert samples(ask()) == {
        "footfall_ready": 1,
        "footfall_lag_seconds": 3,
        "footfall_batches_waiting": 2,
        "footfall_counted_through_timestamp_seconds": 1_773_144_000,
        "footfall_store_reachable": 1,
        "footfall_alarms_total SegmentDamagedError": 4,
        "footfall_alarms_total ArchiveDamagedError": 1,
        "hens": 4,
    }


def test_a_store_in_trouble_is_not_reachable_and_no_message_is_told() -> None:
    answer = ask({**STATUS, "ready": False, "store": "alice does not answer"})
    assert samples(answer)["footfall_store_reachable"] == samples(answer)["footfall_ready"] == 0
    assert "alice" not in answer.text


def test_without_an_aggregator_nothing_is_made_up_about_it() -> None:
    assert samples(ask(None)) == {"hens": 4}


def test_prometheus_gets_the_format_that_it_asks_for() -> None:
    assert ask().headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    answer = ask(Accept="application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5")
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0; charset=utf-8")
    assert answer.text.endswith("# EOF\n")
    assert "footfall_alarms" in {family.name for family in openmetrics.text_string_to_metric_families(answer.text)}
