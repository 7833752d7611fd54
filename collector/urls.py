"""Addresses of pages: host and path, without scheme, port, user or query; what may name a person is a placeholder."""

from __future__ import annotations

import re
from urllib.parse import unquote_plus

import msgspec

from collector.placeholders import MAX_TEXT, scrub_path, scrub_text

# The usual form first: what it takes apart needs no further look.
_USUAL = re.compile(r"https?://(?:www\.)?([a-z0-9.-]{1,250}[a-z0-9])(/[^?#]*)?(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
_URL = re.compile(r"\s*([a-z][a-z0-9+.-]*)://([^/?#]+)(/[^?#]*)?(?:\?([^#]*))?(?:#(.*))?", re.IGNORECASE | re.DOTALL)
_HOST = re.compile(r"[\w.-]+|\[[0-9a-f:.]+\]")
_PORT = re.compile(r":\d*$")
_MAX_HOST = 253


class Url(msgspec.Struct, frozen=True, gc=False):
    """An address as it was sent, taken apart; only `host` is tidied. Never to be kept."""

    host: str  # lower case, without user, port and `www.`
    path: str
    query: str
    fragment: str

    def __repr__(self) -> str:
        return "Url(…)"


def parse_url(text: str) -> Url | None:
    """Return the parts of `text`, or None if it is no address with a host."""
    match = _USUAL.fullmatch(text)
    if match is not None:
        host, path, query, fragment = match.groups("")
        return Url(host, path or "/", query, fragment)
    match = _URL.fullmatch(text)
    if match is None:
        return None
    _, authority, path, query, fragment = match.groups("")
    host = _PORT.sub("", authority.rpartition("@")[2]).lower()
    if not _HOST.fullmatch(host) or len(host) > _MAX_HOST:
        return None
    return Url(without_www(host.rstrip(".")), path or "/", query, fragment)


def without_www(host: str) -> str:
    """Return `host` without a leading `www.`: both are one site to its readers."""
    return host.removeprefix("www.")


def scrub_host(url: Url) -> str:
    """Return the host to keep: a label that is a token becomes a placeholder."""
    return scrub_text(url.host)


def scrub_page(url: Url, *, has_hash_mode: bool = False) -> str:
    """Return the path to keep, starting with `/`; in hash mode with the fragment, which is then part of the path."""
    path = scrub_path(url.path)
    if has_hash_mode and url.fragment:
        path += "#" + scrub_path(url.fragment.partition("?")[0])
    return path[:MAX_TEXT]


def query_names(query: str) -> set[str]:
    """Return the names of the parameters of `query`, in lower case and without their values."""
    return {pair.partition("=")[0].lower() for pair in query.split("&")}


def query_values(query: str, names: frozenset[str]) -> dict[str, str]:
    """Return the first non-empty value, decoded, of each parameter of `query` that is in `names`."""
    values: dict[str, str] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if value and name in names and name not in values:
            values[name] = unquote_plus(value)
    return values
