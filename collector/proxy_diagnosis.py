"""Whether visitors can be told apart, or a proxy that the settings do not name stands in front of all of them.

It keeps no address: of a local one sixteen bits of a seeded hash, which many addresses share; of the rest nothing.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Mapping
from enum import Enum

import xxhash

from collector.client_address import TrustedProxies, parse_address
from collector.forwarded import HEADERS
from schema.settings import CollectorSettings

ENOUGH = 50  # beacons before anything is said
MAX_PROXIES = 4  # more different local addresses than this are visitors of a local network

_MARK_BITS = 16
_HEADERS = [header.encode() for header in HEADERS]
_LOCAL = {
    "a loopback address": ("127.0.0.0/8", "::/64"),
    "a private IPv4 address": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
    "a private IPv6 address": ("fc00::/7",),
    "a link-local address": ("169.254.0.0/16", "fe80::/10"),
    "a shared address (carrier-grade NAT)": ("100.64.0.0/10",),
}
_NAME_IT = "name your proxy in collector.trusted_proxies"


class Doubt(Enum):
    """What is odd about how a request was passed on."""

    NONE = 0
    UNNAMED = 1  # a forwarding header tells of a hop that is not believed
    SILENT = 2  # a trusted proxy says nothing about its client


def doubt_of(peer: str, headers: Mapping[bytes, bytes], trusted: TrustedProxies) -> Doubt:
    """Return what is odd about a request with `headers` (names in lower case) from `peer`."""
    _, is_trusted = trusted.peer_address(peer)
    if not is_trusted:
        return Doubt.UNNAMED if any(header in headers for header in _HEADERS) else Doubt.NONE
    hops = trusted.hops(headers.get(trusted.header, b"").decode("latin-1"))
    doubt = Doubt.SILENT
    for address in map(parse_address, hops):
        if not address:
            return doubt
        doubt = Doubt.NONE
        if address not in trusted:
            return Doubt.NONE if next(hops, None) is None else Doubt.UNNAMED
    return doubt


class ProxyDiagnosis:
    """Watches beacons until one shows that all is well; a suspicion holds only while every beacon bears it out."""

    def __init__(self) -> None:
        self.is_settled = False  # then there is nothing more to observe
        self._beacons = 0
        self._doubt: Doubt | None = None  # the one of all beacons so far
        self._kind = ""  # of the local address that all beacons so far came from
        self._marks: set[int] = set()
        self._seed = secrets.randbits(64)
        self._ranges = _local_ranges()

    def observe(self, address: bytes, doubt: Doubt) -> None:
        """Take note of one beacon: its client's address, as `client_address` returns it, and what `doubt_of` says."""
        if self.is_settled:
            return
        self._beacons += 1
        kind = self._kind_of(address)
        if self._beacons == 1:
            self._doubt, self._kind = doubt, kind
        if doubt is not self._doubt:
            self._doubt = Doubt.NONE
        if kind != self._kind:
            self._kind = ""
        if self._kind:
            self._marks.add(xxhash.xxh3_64_intdigest(address, self._seed) % 2**_MARK_BITS)
        if not self._kind or len(self._marks) > MAX_PROXIES:
            self._kind = ""
            self._marks.clear()
        self.is_settled = not self._kind and self._doubt is Doubt.NONE

    def warning(self) -> str:
        """Return what seems wrong and which setting to change; empty if nothing does, or too few beacons came."""
        if self.is_settled or self._beacons < ENOUGH:
            return ""
        so_far = f"all {self._beacons} beacons so far"
        if self._doubt is Doubt.SILENT:
            return (
                f"{so_far} came through a proxy in collector.trusted_proxies that does not say for whom: visitors "
                "cannot be told apart; let the proxy set the header that collector.forwarded_header names"
            )
        if self._doubt is Doubt.UNNAMED:
            return (
                f"{so_far} have a forwarding header from a proxy that is not in collector.trusted_proxies: "
                f"visitors cannot be told apart; {_NAME_IT}"
            )
        origin = self._kind if len(self._marks) == 1 else f"{len(self._marks)} addresses like {self._kind}"
        return f"{so_far} came from {origin}: visitors cannot be told apart; if a proxy is in front, {_NAME_IT}"

    def _kind_of(self, address: bytes) -> str:
        for first, last, kind in self._ranges:
            if first <= address <= last and len(first) == len(address):
                return kind
        return ""


def _local_ranges() -> list[tuple[bytes, bytes, str]]:
    """Return first and last address, as `client_address` returns them, and what they are called."""
    networks = [(ipaddress.ip_network(text), kind) for kind, texts in _LOCAL.items() for text in texts]
    return [(network[0].packed[:8], network[-1].packed[:8], kind) for network, kind in networks]


def start_advice(settings: CollectorSettings) -> str:
    """Return what to think of before the first beacon comes; empty if there is nothing."""
    host = settings.listen.rpartition(":")[0].strip("[]")
    is_local = host == "localhost" or (parse_address(host) and ipaddress.ip_address(host).is_loopback)
    if not is_local or settings.trusted_proxies:
        return ""
    return (
        "The collector listens on this machine only. If a web server here passes beacons on to it, name that server "
        'in the settings, or all visitors count as one: collector.trusted_proxies = ["127.0.0.1"]'
    )
