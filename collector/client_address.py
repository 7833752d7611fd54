"""Whose request it is: the peer's address, or what trusted proxies in front of us say. Addresses are packed bytes."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable

_IPV4_BYTES = 4
_IPV6_NETWORK_BYTES = 8  # a household has a /64, and its machines change addresses within it
_IPV4_MAPPED = bytes(10) + b"\xff\xff"


class TrustedProxies:
    """The networks whose X-Forwarded-For is believed."""

    def __init__(self, networks: Iterable[str]) -> None:
        parsed = [ipaddress.ip_network(network) for network in networks]
        self._ranges = [(network[0].packed, network[-1].packed) for network in parsed]

    def __contains__(self, address: bytes) -> bool:
        for first, last in self._ranges:  # noqa: SIM110 (any() takes twice as long, and every request passes here)
            if first <= address <= last and len(first) == len(address):
                return True
        return False

    def __bool__(self) -> bool:
        return bool(self._ranges)


def client_address(peer: str, forwarded_for: str, trusted: TrustedProxies) -> bytes:
    """Return the client's address in the form in which visitors are told apart: IPv4 whole, IPv6 cut to its /64.

    Each proxy adds the address of whom it talked to at the right end of X-Forwarded-For; all to the left of the
    first one that is not a trusted proxy may have been made up by the client. So the walk goes from the right and
    ends there, or at the last trusted proxy where a hop is no address. Empty if even the peer has none.
    """
    address = parse_address(peer)
    if trusted and forwarded_for:
        hops = forwarded_for.split(",")
        while hops and address in trusted and (hop := parse_address(hops.pop())):
            address = hop
    return address if len(address) == _IPV4_BYTES else address[:_IPV6_NETWORK_BYTES]


def parse_address(text: str) -> bytes:
    """Return the address in `text`, which may have brackets, a port, a zone or an IPv4-mapped form; empty if none."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        if ":" not in text:
            return socket.inet_pton(socket.AF_INET, text)
        address = socket.inet_pton(socket.AF_INET6, text.partition("%")[0])
    except (OSError, ValueError):
        return b""
    return address.removeprefix(_IPV4_MAPPED)
