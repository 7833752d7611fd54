"""Where beacons come from, through the whole application: place, proxies in front, what /health/ready says of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from collector.app import create_app
from collector.day_key import DayKey
from schema.settings import Settings
from support.hits import at
from support.mmdb import make_mmdb
from support.processes import FIREFOX

BEACON = b'{"n":"pageview","u":"https://example.com/","d":"example.com","z":"Asia/Tokyo"}'
BERLIN = {
    "country": {"iso_code": "DE"},
    "subdivisions": [{"iso_code": "BE"}],
    "city": {"names": {"en": "Berlin"}},
}
Ask = Callable[..., httpx.Response]


@pytest.fixture
def ask_from(settings: Settings, memory_spool: Any, day_key: DayKey, tmp_path: Path) -> Ask:
    """Sends one request from the peer given to an application behind proxies that send `Forwarded`."""
    database = tmp_path / "places.mmdb"
    database.write_bytes(make_mmdb({"192.0.2.0/24": BERLIN}))
    collector = replace(settings.collector, visitor_rate=0, forwarded_header="forwarded", geo_database=str(database))
    app = create_app(replace(settings, collector=collector), memory_spool, day_key, lambda: at("12:00"))

    def ask(peer: str, method: str, path: str, **options: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app, client=(peer, 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://collector.example") as client:
                return await client.request(method, path, **options)

        return asyncio.run(send())

    return ask


def test_a_proxy_that_the_settings_do_not_name_is_told_until_visitors_can_be_told_apart(ask_from: Ask) -> None:
    for _ in range(60):
        beacon = ask_from("10.0.0.1", "POST", "/api/event", content=BEACON, headers={"user-agent": FIREFOX})
        assert beacon.status_code == 202
    ready = ask_from("10.0.0.1", "GET", "/health/ready")
    assert ready.status_code == 200
    (warning,) = ready.json()["warnings"]
    assert "all 60 beacons" in warning
    assert "collector.trusted_proxies" in warning
    assert "10.0.0" not in warning
    headers = {"user-agent": FIREFOX, "forwarded": "for=192.0.2.5"}
    ask_from("127.0.0.1", "POST", "/api/event", content=BEACON, headers=headers)
    assert ask_from("127.0.0.1", "GET", "/health/ready").json() == {"status": "ready"}


def test_the_place_is_that_of_the_address_that_the_proxy_tells_else_of_the_time_zone(
    ask_from: Ask, memory_spool: Any
) -> None:
    told = {"user-agent": FIREFOX, "forwarded": "for=192.0.2.5", "x-forwarded-for": "203.0.113.1"}
    ask_from("127.0.0.1", "POST", "/api/event", content=BEACON, headers=told)
    ask_from("127.0.0.1", "POST", "/api/event", content=BEACON, headers={"user-agent": FIREFOX})
    known, unknown = memory_spool.records
    assert (known.country, known.region, known.city) == ("DE", "DE-BE", "Berlin")
    assert (unknown.country, unknown.region, unknown.city) == ("JP", "", "")
