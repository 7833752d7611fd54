"""What the collector's tests share: the real tables, beacons as a browser would send them, a spool in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from collector.app import create_app
from collector.beacon import Beacon, parse_beacon
from collector.client_address import TrustedProxies
from collector.connection import Connection
from collector.day_key import DayKey
from collector.envelope import read_envelope
from collector.sources import Sources, load_sources
from collector.spool_writer import SpoolWriter
from collector.tables import Tables, make_tables
from schema.errors import SpoolUnavailableError
from schema.hit import Record, decode_records
from schema.settings import CollectorSettings, Settings, SiteSettings, SpoolSettings
from schema.spool_format import decode_header, scan_frames
from support.hits import at
from support.processes import FIREFOX
from support.raw_http import Client
from support.served import Served, serving

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
def tables() -> Tables:
    return make_tables(Settings(site=SITES, collector=CollectorSettings(visitor_rate=0, site_rate=0)))


@pytest.fixture
def memory_spool() -> MemorySpool:
    return MemorySpool()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        data_dir=tmp_path,
        site=SITES,
        collector=CollectorSettings(trusted_proxies=("127.0.0.1",), workers=1),
    )


@pytest.fixture
def day_key(tmp_path: Path) -> DayKey:
    return DayKey(tmp_path / "keys")


@pytest.fixture
def ask_with(memory_spool: MemorySpool, day_key: DayKey) -> Callable[[Settings], Callable[..., httpx.Response]]:
    """Makes what sends one request, as Firefox does, to an application with the settings given."""

    def make(settings: Settings) -> Callable[..., httpx.Response]:
        app = create_app(settings, memory_spool, day_key, lambda: at("12:00"))

        def ask(method: str, path: str, **request: Any) -> httpx.Response:
            headers = {"user-agent": FIREFOX, **request.pop("headers", {})}

            async def send() -> httpx.Response:
                transport = httpx.ASGITransport(app, raise_app_exceptions=False)
                async with httpx.AsyncClient(transport=transport, base_url="http://collector.example") as client:
                    return await client.request(method, path, headers=headers, **request)

            return asyncio.run(send())

        return ask

    return make


@pytest.fixture
def ask(settings: Settings, ask_with: Callable[[Settings], Callable[..., httpx.Response]]) -> Callable[..., Any]:
    """Sends one request, as Firefox does."""
    return ask_with(settings)


@pytest.fixture(scope="session")
def records_in() -> Callable[..., list[Record]]:
    """Reads all records of a spool's segments, oldest segment first; one that is still `.new` holds none."""

    def read(spool: Path, suffix: str = ".[os]*") -> list[Record]:
        records: list[Record] = []
        for path in sorted(spool.glob(f"2*/*{suffix}")):
            content = path.read_bytes()
            for payload in scan_frames(content, decode_header(content).segment_id).payloads:
                records += decode_records(payload)
        return records

    return read


@pytest.fixture
def make_writer(tmp_path: Path) -> Iterator[Callable[..., SpoolWriter]]:
    """Makes writers of the spool `tmp_path`, whose clock stands at noon, and closes them."""
    writers = []

    def make(
        clock: Callable[[], int] = lambda: at("12:00"), on_failure: Callable[[], None] = lambda: None, **options: Any
    ) -> SpoolWriter:
        settings = SpoolSettings(**{"segment_seconds": 300, "min_free_bytes": 0, **options})
        writers.append(SpoolWriter(settings, tmp_path, 1, clock, on_failure=on_failure))
        return writers[-1]

    yield make
    for writer in writers:
        writer.close()


@pytest.fixture(scope="module")
def patient() -> Iterator[Served]:
    """One with the limits that a worker has, for what needs no waiting."""
    with serving(Connection) as served:
        yield served


@pytest.fixture
def served() -> Iterator[Served]:
    """One that loses patience soon."""
    with serving() as served:
        yield served


@pytest.fixture
def connect(request: pytest.FixtureRequest) -> Callable[[Served], Client]:
    """Makes clients that are closed in the end."""

    def make(served: Served) -> Client:
        client = Client(served.address)
        request.addfinalizer(client.close)
        return client

    return make
