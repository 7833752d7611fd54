"""The hit: a beacon made anonymous, and the record that the spool keeps of it for at most a day."""

from __future__ import annotations

from enum import IntEnum, StrEnum

import msgspec


class Kind(IntEnum):
    """What happened in the browser."""

    PAGEVIEW = 1
    EVENT = 2
    ENGAGEMENT = 3


class Rejection(StrEnum):
    """Why a beacon is not counted: a closed set, each with a counter and a test of its own."""

    MALFORMED = "malformed"  # not in the wire format (answered 400)
    UNKNOWN_SITE = "unknown_site"  # the domain is not in the settings (answered 400)
    HOSTNAME = "hostname"  # the page's host is not one of the site's hostnames
    OPT_OUT = "opt_out"  # Sec-GPC, or DNT where respected
    PREFETCH = "prefetch"  # fetched ahead by the browser, not seen by a person
    BOT = "bot"  # says that it is a program
    FORGED = "forged"  # its headers are not those that a browser sends with a beacon
    SPAM = "spam"  # the referrer is known to be spam
    BLOCKED_ADDRESS = "blocked_address"  # the site's owner blocks the network
    BLOCKED_PATH = "blocked_path"  # the site's owner blocks the page
    BLOCKED_COUNTRY = "blocked_country"  # the site's owner blocks the country
    RATE_LIMIT = "rate_limit"  # more beacons than a person or the site is allowed (answered 429)
    DUPLICATE = "duplicate"  # the event id was counted already that day (found by the aggregator)
    NO_VISIT = "no_visit"  # engagement without a visit to add it to (found by the aggregator)


NO_SCROLL_DEPTH = -1


class Hit(msgspec.Struct, frozen=True, array_like=True, tag=1, gc=False):
    """One counted beacon. There is no field for an address or a user agent, and none may be added.

    Unknown texts are empty, never null. `at` is milliseconds since the epoch, UTC, by the server's clock.
    """

    site: str
    at: int
    visitor: int  # 64 bits, one browser on one site on one UTC day
    kind: Kind
    hostname: str
    path: str
    event_id: int = 0  # 64 random bits from the snippet; 0 when it sent none
    name: str = "pageview"
    channel: str = ""
    source: str = ""
    referrer: str = ""  # host and scrubbed path
    utm_source: str = ""
    utm_medium: str = ""
    utm_campaign: str = ""
    utm_term: str = ""
    utm_content: str = ""
    country: str = ""  # ISO 3166-1 alpha-2
    region: str = ""  # ISO 3166-2
    city: str = ""
    device: str = ""  # Desktop, Mobile, Tablet, or empty
    browser: str = ""
    browser_version: str = ""
    os: str = ""
    os_version: str = ""
    language: str = ""  # primary tag
    screen: str = ""  # class, never a size
    props: tuple[tuple[str, str], ...] = ()
    currency: str = ""  # ISO 4217
    revenue: int = 0  # minor units of `currency`
    interactive: bool = True
    engaged_ms: int = 0  # since the last engagement hit: a delta
    scroll_depth: int = NO_SCROLL_DEPTH  # per cent of the page, 0..100


class RejectedHit(msgspec.Struct, frozen=True, array_like=True, tag=2, gc=False):
    """One beacon that was decided not to count; `site` is empty where it is not one of ours."""

    site: str
    at: int
    reason: Rejection


Record = Hit | RejectedHit

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Record])


def encode_records(records: list[Record]) -> bytes:
    """Return the MessagePack array that a spool frame carries."""
    return _encoder.encode(records)


def decode_records(payload: bytes | memoryview) -> list[Record]:
    """Return the records of a frame's payload.

    Raises:
        msgspec.DecodeError: the payload is not such an array (a frame of another version).
    """
    return _decoder.decode(payload)
