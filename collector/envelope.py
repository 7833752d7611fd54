"""What the request around a beacon says about its sender. Like the beacon it lives for one request, in memory."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from collector.audience import primary_language
from collector.bots import is_fetched_ahead, is_forged
from collector.client_address import TrustedProxies, client_address
from collector.client_hints import pack_hints
from collector.opt_out import is_opt_out


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """Time of receipt and sender. Its repr says nothing."""

    at: int  # milliseconds since the epoch, UTC, by the worker's clock
    address: bytes  # of the client: IPv4, or the /64 of IPv6; empty if unknown
    user_agent: bytes
    language: str  # primary tag
    is_opt_out: bool
    is_fetched_ahead: bool
    is_forged: bool = False
    client_hints: bytes = b""  # as `pack_hints` leaves them

    def __repr__(self) -> str:
        return "Envelope(…)"


def read_envelope(
    headers: Mapping[bytes, bytes],
    peer: str,
    *,
    at: int,
    trusted: TrustedProxies,
    respect_dnt: bool,
    is_image: bool = False,
) -> Envelope:
    """Return the envelope of a request with `headers` (names in lower case) from `peer`, for a pixel or a beacon."""
    return Envelope(
        at,
        client_address(peer, headers.get(trusted.header, b"").decode("latin-1"), trusted),
        headers.get(b"user-agent", b""),
        primary_language(headers.get(b"accept-language", b"")),
        is_opt_out(headers, respect_dnt=respect_dnt),
        is_fetched_ahead(headers),
        is_forged(headers, is_image=is_image),
        pack_hints(headers),
    )


def joined_headers(headers: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Return name → value; values of a name that occurs several times are one list, in the order they came."""
    joined = dict(headers)
    if len(joined) < len(headers):
        for name in joined:
            joined[name] = b",".join(value for key, value in headers if key == name)
    return joined
