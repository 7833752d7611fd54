"""What strangers may write into forwarding headers, and what is made of it: by the whole collector, as over HTTP."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from collector.app import create_app
from collector.client_address import TrustedProxies, client_address
from collector.day_key import DayKey
from collector.forwarded import HEADERS
from schema.hit import Hit
from schema.settings import CollectorSettings, Settings
from support.hits import at
from support.processes import FIREFOX

STRANGER, PROXY, INNER_PROXY = "198.51.100.7", "10.1.2.3", "10.9.9.9"
LIE, LIE6 = "203.0.113.9", "2001:db8:6:6::6"
BODY = b'{"n":"pageview","u":"https://example.com/","d":"example.com"}'
Headers = list[tuple[str, str]]
Codes = Callable[[str, list[Headers]], list[int]]

SPOOFED: list[Headers] = [
    [("X-Forwarded-For", LIE)],
    [("x-forwarded-for", LIE)],
    [("X-FORWARDED-FOR", LIE)],
    [("X-Forwarded-For", f"  {LIE}  ")],
    [("X-Forwarded-For", f"\t{LIE}\t")],
    [("X-Forwarded-For", f"{LIE}:4711")],
    [("X-Forwarded-For", f'"{LIE}"')],
    [("X-Forwarded-For", f"{LIE}, {PROXY}")],
    [("X-Forwarded-For", f"{PROXY}, {LIE}")],
    [("X-Forwarded-For", f"{LIE},,{LIE}")],
    [("X-Forwarded-For", ", , ,")],
    [("X-Forwarded-For", "")],
    [("X-Forwarded-For", LIE6)],
    [("X-Forwarded-For", f"[{LIE6}]")],
    [("X-Forwarded-For", f"[{LIE6}]:443")],
    [("X-Forwarded-For", f'"[{LIE6}]:443"')],
    [("X-Forwarded-For", f"{LIE6}%eth0")],
    [("X-Forwarded-For", f"::ffff:{LIE}")],
    [("X-Forwarded-For", f"64:ff9b::{LIE}")],
    [("X-Forwarded-For", "127.0.0.1")],
    [("X-Forwarded-For", "::1")],
    [("X-Forwarded-For", PROXY)],
    [("X-Forwarded-For", "0xcb.0x00.0x71.0x09")],
    [("X-Forwarded-For", "0313.0.0161.011")],
    [("X-Forwarded-For", "3405803785")],
    [("X-Forwarded-For", "0xcb007109")],
    [("X-Forwarded-For", "203.0.28937")],
    [("X-Forwarded-For", "unknown")],
    [("X-Forwarded-For", "localhost")],
    [("X-Forwarded-For", f"{LIE}; DROP TABLE hits")],
    [("X-Forwarded-For", ", ".join([LIE] * 1500))],
    [("X-Forwarded-For", ", ".join([PROXY] * 1500))],
    [("X-Forwarded-For", "9" * 15_000)],
    [("X-Forwarded-For", LIE), ("X-Forwarded-For", PROXY)],
    [("X-Forwarded-For", LIE)] * 30,
    [("Forwarded", f"for={LIE}")],
    [("forwarded", f"FOR={LIE}")],
    [("Forwarded", f'For="[{LIE6}]:4711"')],
    [("Forwarded", f"for={LIE};proto=https;by={PROXY}")],
    [("Forwarded", f"proto=https;host=example.com;for={LIE}")],
    [("Forwarded", f"for={LIE}, for={PROXY}")],
    [("Forwarded", "for=_hidden"), ("Forwarded", f"for={LIE}")],
    [("Forwarded", 'for="')],
    [("Forwarded", f"for={LIE}"), ("X-Forwarded-For", LIE)],
    [("X-Real-IP", LIE)],
    [("CF-Connecting-IP", LIE)],
    [("CF-Connecting-IPv6", LIE6)],
    [("True-Client-IP", LIE)],
    [("X-Client-IP", LIE)],
    [("Client-IP", LIE)],
    [("X-Plausible-IP", LIE)],
    [("B-Forwarded-For", LIE)],
    [("X-Forwarded", f"for={LIE}")],
    [("Forwarded-For", LIE)],
    [("X-Original-Forwarded-For", LIE)],
    [("X-Originating-IP", f"[{LIE}]")],
    [("X-Remote-IP", LIE)],
    [("X-Remote-Addr", LIE)],
    [("X-Cluster-Client-IP", LIE)],
    [("X-ProxyUser-Ip", LIE)],
    [("Fastly-Client-IP", LIE)],
    [("Fly-Client-IP", LIE)],
    [("X-Azure-ClientIP", LIE)],
    [("X-AppEngine-User-IP", LIE)],
    [("X-Envoy-External-Address", LIE)],
    [("X-Vercel-Forwarded-For", LIE)],
    [("Do-Connecting-IP", LIE)],
    [("Via", f"1.1 {LIE}")],
    [("From", f"someone@{LIE}")],
    [("X_Forwarded_For", LIE)],
    [("X-Forwarded-For ", LIE)],
    [("X-Forwarded-Host", LIE), ("X-Forwarded-Port", "1"), ("X-Forwarded-Proto", "https")],
]


def codes_of(app: ASGIApp, spool: Any, peer: str, requests: list[Headers]) -> list[int]:
    """Send a beacon with each of the headers from `peer`; return the visitor codes."""

    async def send() -> None:
        transport = httpx.ASGITransport(app, client=(peer, 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://collector.example") as client:
            for headers in requests:
                answer = await client.post("/api/event", content=BODY, headers=[("user-agent", FIREFOX), *headers])
                assert answer.status_code == 202

    spool.records.clear()
    asyncio.run(send())
    assert all(isinstance(record, Hit) for record in spool.records)
    return [record.visitor for record in spool.records]


@pytest.fixture
def codes(settings: Settings, memory_spool: Any, day_key: DayKey) -> Codes:
    """Of a collector that trusts a proxy and believes X-Forwarded-For."""
    collector = CollectorSettings(trusted_proxies=("10.0.0.0/8",), visitor_rate=0, workers=1)
    app = create_app(replace(settings, collector=collector), memory_spool, day_key, lambda: at("12:00"))
    return lambda peer, requests: codes_of(app, memory_spool, peer, requests)


def test_the_table_is_long_and_says_nothing_twice() -> None:
    assert len(SPOOFED) >= 40
    assert len({tuple(headers) for headers in SPOOFED}) == len(SPOOFED)


@pytest.mark.parametrize("peer", [STRANGER, "2001:db8:1:2::5", "::ffff:198.51.100.7"])
def test_nothing_that_a_stranger_writes_changes_its_visitor_code(codes: Codes, peer: str) -> None:
    (own,) = codes(peer, [[]])
    told = codes(peer, SPOOFED)
    assert [headers for headers, code in zip(SPOOFED, told, strict=True) if code != own] == []
    assert codes(LIE, [[]]) != [own]


def test_nothing_that_a_client_writes_left_of_what_the_proxy_added_changes_its_visitor_code(codes: Codes) -> None:
    (own,) = codes(STRANGER, [[]])
    requests = [[*headers, ("X-Forwarded-For", STRANGER)] for headers in SPOOFED]
    told = codes(PROXY, requests)
    assert [headers for headers, code in zip(SPOOFED, told, strict=True) if code != own] == []


@pytest.mark.parametrize("header", HEADERS)
def test_the_header_that_the_proxy_does_not_set_counts_for_nothing(header: str) -> None:
    trusted = TrustedProxies(("10.0.0.0/8",), header)
    (other,) = HEADERS.keys() - {header}
    told = {"x-forwarded-for": STRANGER, "forwarded": f"for={STRANGER}", other: f"for={LIE}"}
    assert client_address(PROXY, told[trusted.header.decode()], trusted) == ip_address(STRANGER).packed
    assert client_address(PROXY, "", trusted) == ip_address(PROXY).packed


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        (f"for={STRANGER}", STRANGER),
        (f"FOR={STRANGER}", STRANGER),
        (f" For = {STRANGER} ", STRANGER),
        (f'for="{STRANGER}"', STRANGER),
        (f'for="{STRANGER}:4711"', STRANGER),
        (f"for={STRANGER}:4711", STRANGER),
        (f'for="{STRANGER}:_port"', STRANGER),
        ('for="[2001:db8:1:2::5]"', "2001:db8:1:2::"),
        ('for="[2001:db8:1:2::5]:4711"', "2001:db8:1:2::"),
        ("for=[2001:db8:1:2::5]", "2001:db8:1:2::"),
        (f'for="[::ffff:{STRANGER}]"', STRANGER),
        (f"for={STRANGER};proto=https;by=10.0.0.1;host=example.com", STRANGER),
        (f"by=10.0.0.1;for={STRANGER};proto=https", STRANGER),
        (f"proto=https; host=example.com; for={STRANGER};", STRANGER),
        (f";;for={STRANGER}", STRANGER),
        (f"for={LIE}, for={STRANGER}", STRANGER),
        (f"for={LIE},for={STRANGER},for={INNER_PROXY}", STRANGER),
        (f"for={LIE}, for={STRANGER}, for=_hidden", PROXY),
        (f"for={LIE}, for=unknown", PROXY),
        (f'for={LIE}, for="_a,b"', PROXY),
        (f"for={LIE}, for={STRANGER},", PROXY),  # an empty hop says nothing
        (f"for={LIE}, proto=https", PROXY),
        (f"for={STRANGER};for={LIE}", PROXY),  # which of the two?
        (f"for={STRANGER}; =", PROXY),
        (f'for=", for={STRANGER}', STRANGER),  # a quote left open in front swallows nothing
        (f'for="\\", for={STRANGER}', STRANGER),
        (f'for={STRANGER};host="a, for={LIE}"', STRANGER),  # a host that the client chose
        (f'for={STRANGER};host="a\\", for={LIE}"', STRANGER),
        (f'for={STRANGER};host="a\\\\"', STRANGER),
        (f'host="x, y";for={STRANGER};secret="p, for={LIE}, q"', STRANGER),
        (f"for={LIE}, " * 2000 + f"for={STRANGER}", STRANGER),
        ("for=10.0.0.9, " * 2000 + "for=10.0.0.9", "10.0.0.9"),
        ("", PROXY),
        ('"', PROXY),
        (STRANGER, PROXY),  # in the form of the other header
    ],
)
def test_what_a_trusted_proxy_says_with_forwarded(forwarded: str, client: str) -> None:
    address = ip_address(client).packed
    expected = address if len(address) == 4 else address[:8]
    assert client_address(PROXY, forwarded, TrustedProxies(("10.0.0.0/8",), "forwarded")) == expected


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        (STRANGER, STRANGER),
        (f"\t{STRANGER} ", STRANGER),
        (f"{STRANGER}:4711", STRANGER),
        ("[2001:db8:1:2::5]:443", "2001:db8:1:2::"),
        ("2001:db8:1:2::5", "2001:db8:1:2::"),
        ("2001:DB8:1:2:0:0:0:5", "2001:db8:1:2::"),
        ("2001:db8:1:2::5%eth0", "2001:db8:1:2::"),
        (f"::ffff:{STRANGER}", STRANGER),
        ("::ffff:c633:6407", STRANGER),
        (f"64:ff9b::{STRANGER}", STRANGER),  # IPv4 as a network without it sees it
        (f"{LIE}, {STRANGER}, {INNER_PROXY}, ::ffff:{PROXY}", STRANGER),
        (f"{LIE}, unknown, {INNER_PROXY}", INNER_PROXY),
        (f"{LIE}, 0xc6.0x33.0x64.0x07", PROXY),
        (f"{LIE}, 0306.063.0144.07", PROXY),
        (f"{LIE}, 3325256711", PROXY),
        (f"{LIE}, 198.51.100", PROXY),
        (f"{LIE}, {STRANGER},", PROXY),
        (f"{LIE}, ,", PROXY),
        (f"for={STRANGER}", PROXY),
        (f"{STRANGER}\0", PROXY),
        (f"{STRANGER}\xa0", PROXY),  # a space only to some
        (", ".join([LIE] * 3000 + [STRANGER]), STRANGER),
        (", ".join([LIE] + [INNER_PROXY] * 3000), INNER_PROXY),
    ],
)
def test_what_a_trusted_proxy_says_with_x_forwarded_for(forwarded: str, client: str) -> None:
    address = ip_address(client).packed
    expected = address if len(address) == 4 else address[:8]
    assert client_address(PROXY, forwarded, TrustedProxies(("10.0.0.0/8",))) == expected


def test_proxies_may_be_named_in_their_mapped_form() -> None:
    assert client_address(PROXY, STRANGER, TrustedProxies(("::ffff:10.0.0.0/104",))) == ip_address(STRANGER).packed


def test_only_proxies_are_remembered() -> None:
    trusted = TrustedProxies(("10.0.0.0/8",))
    for peer in (STRANGER, LIE6, "", "nonsense", PROXY):
        client_address(peer, LIE, trusted)
    assert list(trusted._peers) == [PROXY]
    for number in range(5000):
        client_address(f"10.0.{number // 250}.{number % 250}", LIE, trusted)
    assert len(trusted._peers) <= 1024
