"""What the collector's tests share: the real tables, beacons as a browser would send them, a spool in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from collector.beacon import Beacon, parse_beacon
from collector.client_address import TrustedProxies
from collector.envelope import read_envelope
from collector.geo import load_countries
from collector.pipeline import Tables
from collector.sites import Sites
from collector.sources import Sources, load_sources
from collector.user_agent import Browsers
from schema.errors import SpoolUnavailableError
from schema.hit import Record
from schema.settings import SiteSettings
from support.hits import at
from support.processes import FIREFOX

SITES = (
    SiteSettings("example.com"),
    SiteSettings("shop.example", hostnames=("www.shop.example", "checkout.example")),
)


class MemorySpool:
    """Keeps records in a list; with a `refusal` it takes none."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.refusal = ""

    async def append(self, records: Sequence[Record]) -> None:
        if self.refusal:
            raise SpoolUnavailableError(self.refusal, retry_after=7)
        self.records += records

    def problem(self) -> str:
        return self.refusal


@pytest.fixture(scope="session")
def beacon_of() -> Callable[..., Beacon]:
    """Makes beacons: of wire fields, or a raw body, in the envelope of a browser's request."""

    def make(wire: dict[str, Any] | bytes, headers: dict[str, str] | None = None, **options: Any) -> Beacon:
        sent = {"user-agent": FIREFOX, "accept-language": "de-AT,de;q=0.8", **(headers or {})}
        encoded = {name.encode(): value.encode() for name, value in sent.items()}
        options = {"peer": "198.51.100.7", "at": at("10:00"), "trusted": TrustedProxies(()), **options}
        body = wire if isinstance(wire, bytes) else msgspec.json.encode(wire)
        return parse_beacon(body, read_envelope(encoded, respect_dnt=True, **options))

    return make


@pytest.fixture(scope="session")
def sources() -> Sources:
    return load_sources()


@pytest.fixture(scope="session")
def tables(sources: Sources) -> Tables:
    return Tables(Sites(SITES), sources, load_countries(), Browsers())


@pytest.fixture
def memory_spool() -> MemorySpool:
    return MemorySpool()
