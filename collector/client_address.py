"""Whose request it is: the peer's address, or what trusted proxies in front of us say. Addresses are packed bytes."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable

from collector.forwarded import HEADERS

_IPV4_BYTES = 4
_IPV6_NETWORK_BYTES = 8  # a household has a /64, and its machines change addresses within it
_IPV4_MAPPED = bytes(10) + b"\xff\xff"
_IPV4_TRANSLATED = b"\x00\x64\xff\x9b" + bytes(8)  # 64:ff9b::/96: the internet as a network without IPv4 sees it
_MAX_PEERS = 1024


class TrustedProxies:
    """The networks whose word is believed, in the one `header` that they set.

    Only one: a proxy that sets X-Forwarded-For passes on a Forwarded that a client made up, and the other way round.

    Raises:
        KeyError: there is no way to read `header`.
    """

    def __init__(self, networks: Iterable[str], header: str = "x-forwarded-for") -> None:
        parsed = [ipaddress.ip_network(network) for network in networks]
        self._ranges = [
            (parse_address(str(network[0])), parse_address(str(network[-1])))  # mapped networks are IPv4 ones
            for network in parsed
        ]
        self._peers: dict[str, bytes] = {}  # of trusted proxies only: no visitor's address is kept
        self.header = header.encode()
        self.hops = HEADERS[header]

    def __contains__(self, address: bytes) -> bool:
        for first, last in self._ranges:  # noqa: SIM110 (any() takes twice as long, and every request passes here)
            if first <= address <= last and len(first) == len(address):
                return True
        return False

    def peer_address(self, peer: str) -> tuple[bytes, bool]:
        """Return the peer's address, empty if it has none, and whether it is a trusted proxy."""
        address = self._peers.get(peer)
        if address is not None:
            return address, True
        address = parse_address(peer)
        is_trusted = address in self
        if is_trusted and len(self._peers) < _MAX_PEERS:
            self._peers[peer] = address
        return address, is_trusted


def client_address(peer: str, forwarded: str, trusted: TrustedProxies) -> bytes:
    """Return the client's address in the form in which visitors are told apart: IPv4 whole, IPv6 cut to its /64.

    Each proxy adds the address of whom it talked to at the right end of `forwarded`, the value of `trusted.header`;
    all to the left of the first one that is not a trusted proxy may have been made up by the client. So the walk
    goes from the right and ends there, or at the last trusted proxy where a hop is no address. Empty if even the
    peer has none.
    """
    address, is_trusted = trusted.peer_address(peer)
    if is_trusted and forwarded:
        for hop in trusted.hops(forwarded):
            said = parse_address(hop)
            if not said:
                break
            address = said
            if address not in trusted:
                break
    return address if len(address) == _IPV4_BYTES else address[:_IPV6_NETWORK_BYTES]


def parse_address(text: str) -> bytes:
    """Return the address in `text`, which may have quotes, brackets, a port or a zone; empty if there is none.

    An IPv4 address that is mapped or translated into IPv6 is the IPv4 address.
    """
    text = text.strip(' \t"')
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
    if address.startswith((_IPV4_MAPPED, _IPV4_TRANSLATED)):
        return address[-_IPV4_BYTES:]
    return address
