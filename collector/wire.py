"""Plausible's wire format: the JSON object that a tracker sends, under short names or long ones."""

from __future__ import annotations

from typing import Any

import msgspec

from schema.errors import BeaconError


class Wire(msgspec.Struct, rename={"revenue_short": "$", "hash_mode": "hashMode"}, gc=False):
    """The object as it comes, every value of any type; unknown keys are passed over."""

    n: Any = None
    name: Any = None
    u: Any = None
    url: Any = None
    d: Any = None
    domain: Any = None
    r: Any = None
    referrer: Any = None
    m: Any = None
    meta: Any = None
    p: Any = None
    props: Any = None
    revenue_short: Any = None
    revenue: Any = None
    i: Any = None
    interactive: Any = None
    h: Any = None
    hash_mode: Any = None
    sd: Any = None  # scroll depth, per cent
    e: Any = None  # engaged time, milliseconds
    k: Any = None  # event id, hexadecimal or a fraction
    z: Any = None  # IANA time zone
    w: Any = None  # viewport width, CSS pixels
    o: Any = None  # without a name: the link to another site that was followed
    f: Any = None  # the file that was downloaded
    s: Any = None  # the name of the form that was submitted

    def __repr__(self) -> str:
        return "Wire(…)"


_decoder = msgspec.json.Decoder(Wire)


def decode_wire(body: bytes) -> Wire:
    """Return the object in `body`.

    Raises:
        BeaconError: it is not a JSON object in UTF-8.
    """
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise BeaconError("body", "is not a JSON object") from None


def either(short: Any, long: Any) -> Any:
    """Return the value under the short name, or the one under the long name if there is none."""
    return long if short is None else short


def read_text(value: Any) -> str:
    """Return `value` if it is a text, else an empty one."""
    return value if isinstance(value, str) else ""


def read_whole_number(value: Any) -> int | None:
    """Return `value`, a number or the digits of one, as an int; None if it is neither."""
    if isinstance(value, str):
        return int(value) if value.isdecimal() and len(value) < 16 else None
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def read_object(value: Any) -> dict[str, Any] | None:
    """Return `value` if it is an object, or the object whose JSON it is the text of; else None."""
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return None
    return value if isinstance(value, dict) else None
