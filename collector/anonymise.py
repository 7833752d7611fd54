"""Beacon and day key → Hit. The only reader of address and user agent: past this file nobody is known. Pure."""

from __future__ import annotations

import struct

import xxhash
from blake3 import blake3

from collector.beacon import Beacon
from collector.draft import Draft
from collector.user_agent import Browser, Browsers
from schema.hit import Hit

_VISITOR_CODE_BYTES = 8
_LENGTHS = struct.Struct("<III")


def recognise_browser(beacon: Beacon, browsers: Browsers) -> Browser:
    """Return the browser, system and device class that the beacon's user agent stands for."""
    return browsers.parse(beacon.user_agent)


def anonymise(draft: Draft, day_key: bytes | bytearray) -> Hit:
    """Return what is kept of a beacon that counts; `day_key` is that of the day, 32 bytes."""
    beacon, source, browser = draft.beacon, draft.acquisition, draft.browser
    site = draft.site.domain
    return Hit(
        site=site,
        at=beacon.at,
        visitor=visitor_code(day_key, site, beacon.address, beacon.user_agent),
        kind=beacon.kind,
        hostname=draft.hostname,
        path=draft.path,
        event_id=beacon.event_id,
        name=draft.name,
        channel=source.channel,
        source=source.source,
        referrer=source.referrer,
        utm_source=source.utm_source,
        utm_medium=source.utm_medium,
        utm_campaign=source.utm_campaign,
        utm_term=source.utm_term,
        utm_content=source.utm_content,
        country=draft.country,
        device=browser.device,
        browser=browser.name,
        browser_version=browser.version,
        os=browser.os,
        os_version=browser.os_version,
        language=beacon.language,
        screen=draft.screen,
        props=draft.props,
        currency=beacon.currency,
        revenue=beacon.revenue,
        interactive=beacon.is_interactive,
        engaged_ms=beacon.engaged_ms,
        scroll_depth=beacon.scroll_depth,
    )


def visitor_code(day_key: bytes | bytearray, site: str, address: bytes, user_agent: bytes) -> int:
    """Return 64 bits that stand for one browser on one site on one UTC day.

    Keyed BLAKE3 is the one-way step. xxHash before it only folds the identifiers: its own seed can be computed from
    one known pair, so it is neither the last step nor the secret. The lengths in front keep ("ab", "c") and
    ("a", "bc") apart.
    """
    name = site.encode()
    fields = _LENGTHS.pack(len(name), len(address), len(user_agent)) + name + address + user_agent
    code = blake3(xxhash.xxh3_128_digest(fields), key=day_key).digest(length=_VISITOR_CODE_BYTES)
    return int.from_bytes(code, "little")
