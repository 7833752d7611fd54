"""The beacon: what a browser sends, raw. It lives for one request, in memory, and never leaves `collector/`."""

from __future__ import annotations

from typing import Any

import msgspec

from collector.currencies import minor_units
from collector.envelope import Envelope
from collector.nameless import name_nameless
from collector.urls import Url, parse_url, without_www
from collector.wire import Wire, decode_wire, either, read_object, read_text, read_whole_number
from schema.errors import BeaconError
from schema.hit import NO_SCROLL_DEPTH, Kind

MAX_NAME = 120  # characters
MAX_URL_BYTES = 2000
MAX_REFERRER = 2000  # characters; the rest is left out
MAX_PROPS = 30
MAX_PROP_KEY_BYTES = 300
MAX_PROP_VALUE_BYTES = 2000
MAX_DOMAINS = 30
MAX_ENGAGED_MS = 30 * 24 * 3600 * 1000  # exclusive
_MAX_EVENT_ID_DIGITS = 16
_FRACTIONS = 2**53  # a browser draws one of these
_KINDS = {"pageview": Kind.PAGEVIEW, "engagement": Kind.ENGAGEMENT}


class Beacon(msgspec.Struct, frozen=True):
    """One beacon, checked, in its envelope. Its repr says nothing."""

    envelope: Envelope
    kind: Kind
    name: str
    url: Url
    domains: tuple[str, ...]  # one or more, lower case, without `www.`
    referrer: Url | None
    props: tuple[tuple[str, str], ...]
    currency: str
    revenue: int  # minor units
    is_interactive: bool
    has_hash_mode: bool
    engaged_ms: int
    scroll_depth: int
    event_id: int
    zone: str
    width: int

    def __repr__(self) -> str:
        return "Beacon(…)"


def parse_beacon(body: bytes, envelope: Envelope) -> Beacon:
    """Return the beacon in `body`, which is JSON in Plausible's wire format.

    What cannot be done without is an error; anything else that is malformed is left out.

    Raises:
        BeaconError: `field` is the long name of what is missing, too long or malformed.
    """
    wire = decode_wire(body)
    given, props = either(wire.n, wire.name), either(either(wire.m, wire.meta), either(wire.p, wire.props))
    if given is None:
        given, props = name_nameless(wire)
    name = _name(given)
    kind = _KINDS.get(name, Kind.EVENT)
    url = _url(either(wire.u, wire.url))
    currency, revenue = _revenue(wire) if kind is Kind.EVENT else ("", 0)
    engaged_ms, scroll_depth = _engagement(wire) if kind is Kind.ENGAGEMENT else (0, NO_SCROLL_DEPTH)
    return Beacon(
        envelope,
        kind,
        name,
        url,
        _domains(read_text(either(wire.d, wire.domain)), url),
        parse_url(read_text(either(wire.r, wire.referrer))[:MAX_REFERRER]),
        _props(props),
        currency,
        revenue,
        either(wire.i, wire.interactive) is not False,
        either(wire.h, wire.hash_mode) in (1, "1", "true"),
        engaged_ms,
        scroll_depth,
        _event_id(wire.k),
        read_text(wire.z),
        read_whole_number(wire.w) or 0,
    )


def _name(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        raise BeaconError("name", "is required")
    if len(value) > MAX_NAME:
        raise BeaconError("name", f"is longer than {MAX_NAME} characters")
    return value


def _url(value: Any) -> Url:
    if not isinstance(value, str) or not value.strip():
        raise BeaconError("url", "is required")
    if len(value) > MAX_URL_BYTES or (not value.isascii() and len(value.encode()) > MAX_URL_BYTES):
        raise BeaconError("url", f"is longer than {MAX_URL_BYTES} bytes")
    url = parse_url(value)
    if url is None:
        raise BeaconError("url", "is not an address with a scheme and a host")
    return url


def _domains(text: str, url: Url) -> tuple[str, ...]:
    if "," not in text:
        return (without_www(text.strip().lower()) or url.host,)
    domains = tuple(dict.fromkeys(without_www(word.strip().lower()) for word in text.split(",") if word.strip()))
    if len(domains) > MAX_DOMAINS:
        raise BeaconError("domain", f"names more than {MAX_DOMAINS} sites")
    return domains or (url.host,)


def _props(value: Any) -> tuple[tuple[str, str], ...]:
    if value is None:
        return ()
    fields = read_object(value)
    if fields is None:
        raise BeaconError("props", "is not an object")
    texts = ((key, _prop_text(value)) for key, value in fields.items())
    kept = tuple((key, text) for key, text in texts if key.strip() and text.strip())[:MAX_PROPS]
    for key, text in kept:
        if len(key.encode()) > MAX_PROP_KEY_BYTES:
            raise BeaconError("props", f"has a key longer than {MAX_PROP_KEY_BYTES} bytes")
        if len(text.encode()) > MAX_PROP_VALUE_BYTES:
            raise BeaconError("props", f"has a value longer than {MAX_PROP_VALUE_BYTES} bytes")
    return kept


def _prop_text(value: Any) -> str:
    """Return a property's value as text; empty for what is not a single value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else ""


def _revenue(wire: Wire) -> tuple[str, int]:
    """Return (currency, minor units); ("", 0) if there is none, or it is invalid."""
    fields = read_object(either(wire.revenue_short, wire.revenue)) or {}
    amount = fields.get("amount")
    if not isinstance(amount, str | int | float) or isinstance(amount, bool):
        return "", 0
    currency = read_text(fields.get("currency")).strip().upper()
    units = minor_units(currency, str(amount))
    return ("", 0) if units is None else (currency, units)


def _engagement(wire: Wire) -> tuple[int, int]:
    """Return (engaged milliseconds, scroll depth)."""
    engaged_ms, scroll_depth = read_whole_number(wire.e), read_whole_number(wire.sd)
    if engaged_ms is not None and not 0 <= engaged_ms < MAX_ENGAGED_MS:
        engaged_ms = None
    if scroll_depth is not None and scroll_depth < 0:
        scroll_depth = None
    if engaged_ms is None and scroll_depth is None:
        raise BeaconError("engagement", "has neither a valid e nor a valid sd")
    return engaged_ms or 0, NO_SCROLL_DEPTH if scroll_depth is None else min(scroll_depth, 100)


def _event_id(value: Any) -> int:
    """Return the event id: up to 16 hexadecimal digits, or a fraction below 1 as scripts draw it; 0, which is none."""
    if isinstance(value, float):
        return int(value * _FRACTIONS) if 0 < value < 1 else 0
    digits = read_text(value)
    try:
        return int(digits, 16) if 0 < len(digits) <= _MAX_EVENT_ID_DIGITS and digits.isalnum() else 0
    except ValueError:
        return 0
