"""Beacon and day key → Hit. The only reader of address and user agent: past this file nobody is known. Pure."""

from __future__ import annotations

import struct

import xxhash
from blake3 import blake3

from collector.beacon import Beacon
from collector.blocks import Blocks
from collector.draft import Draft
from collector.place import Place, Places
from collector.proxy_diagnosis import Doubt, ProxyDiagnosis
from collector.user_agent import Browser, Browsers
from schema.hit import Hit

_VISITOR_CODE_BYTES = 8
_LENGTHS = struct.Struct("<III")


def recognise_browser(beacon: Beacon, browsers: Browsers) -> Browser:
    """Return the browser, system and device class that the beacon's user agent stands for."""
    return browsers.parse(beacon.envelope.user_agent, beacon.envelope.client_hints)


def is_blocked(beacon: Beacon, blocks: Blocks) -> bool:
    """Whether the beacon comes from a network that the site's owner blocks."""
    return blocks.has_address(beacon.envelope.address)


def find_place(beacon: Beacon, places: Places) -> Place:
    """Return where the beacon comes from."""
    return places.locate(beacon.envelope.address, beacon.zone)


def note_sender(beacon: Beacon, doubt: Doubt, diagnosis: ProxyDiagnosis) -> None:
    """Let `diagnosis` see whom the beacon comes from."""
    diagnosis.observe(beacon.envelope.address, doubt)


def anonymise(draft: Draft, day_key: bytes | bytearray) -> Hit:
    """Return what is kept of a beacon that counts; `day_key` is that of the day, 32 bytes.

    By position, in the order of Hit: with thirty names it would take four times as long.
    """
    beacon, source, browser = draft.beacon, draft.acquisition, draft.browser
    envelope, site = beacon.envelope, draft.site.domain
    return Hit(
        site,
        envelope.at,
        visitor_code(day_key, site, envelope.address, envelope.user_agent),
        beacon.kind,
        draft.hostname,
        draft.path,
        beacon.event_id,
        draft.name,
        source.channel,
        source.source,
        source.referrer,
        source.utm_source,
        source.utm_medium,
        source.utm_campaign,
        source.utm_term,
        source.utm_content,
        draft.country,
        draft.region,
        draft.city,
        browser.device,
        browser.name,
        browser.version,
        browser.os,
        browser.os_version,
        envelope.language,
        draft.screen,
        draft.props,
        beacon.currency,
        beacon.revenue,
        beacon.is_interactive,
        beacon.engaged_ms,
        beacon.scroll_depth,
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
