"""What is not a person looking: programs that say so, pages that a browser fetches ahead, and forged requests."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import msgspec

# What automated browsers and programs call themselves beyond the crawlers that the two packages know; CUBOT makes
# phones. No browser has an address in its user agent.
_PROGRAM = re.compile(
    r"(?<!cu)bot[/_;)]|crawl|slurp|scrape|headless|phantomjs|puppeteer|playwright|selenium|webdriver|electron-fetch"
    r"|lighthouse|pagespeed|gtmetrix|pingdom|uptime|facebookexternalhit|\+(?:https?://|mailto:)"
    r"|^(?:whatsapp|viber|rss|feed)|undici|feedreader|rss reader|cfnetwork|\b(?:curl|wget|httpie|libwww|lwp|okhttp"
    r"|axios|postman\w*|insomnia)\b(?:[-/ ]|$)|python-|\bgo-http|httpclient|httpx|aiohttp|urllib|scrapy|guzzle",
    re.IGNORECASE,
)
# Words that are also in the names of telephones: those of programs where no browser's engine is named beside them.
_PROGRAM_WITHOUT_ENGINE = re.compile(
    r"(?<!cu)bot\b|spider|fetcher|preview|monitor(?:ing)?\b|probe\b"
    r"|\b(?:got|node|deno|bun|java|php|perl|ruby|python)\b(?:[-/ ]|$)",
    re.IGNORECASE,
)
_ENGINES = ("AppleWebKit/", "KHTML/", "Gecko/", "Trident/", "Presto/")
_WORD = re.compile(r"[A-Za-z0-9]+")
_ESCAPED = re.compile(r"\\([^A-Za-z0-9])")
_NOT_LITERAL = frozenset("\\[](){}^$.|*+?")
_KEY = 3  # characters: what a listed name is looked up by

_AHEAD = ("prefetch", "prerender", "preview")
_AHEAD_HEADERS = (b"sec-purpose", b"purpose", b"x-purpose", b"x-moz")

_MODES = frozenset((b"cors", b"no-cors", b"same-origin"))  # not `navigate`: nobody opens a beacon
_SITES = frozenset((b"cross-site", b"same-site", b"same-origin"))
_POSTED = frozenset((b"empty",))
_IMAGE = frozenset((b"image", b"empty"))  # empty, where a service worker fetches it for the page


class _Crawler(msgspec.Struct):
    """What the package's list says of a crawler, as far as it is used here."""

    pattern: str


class _Names:
    """The names of a list of patterns, found where words of a user agent start."""

    def __init__(self, patterns: list[str], read_in: frozenset[str]) -> None:
        self._read_in = read_in
        self._by_key: dict[str, list[str]] = {}
        others = []
        for pattern in patterns:
            name = _ESCAPED.sub("", pattern)
            if _NOT_LITERAL.isdisjoint(name) and len(name) >= _KEY and name[0].isalnum():
                literal = _ESCAPED.sub(r"\1", pattern)
                self._by_key.setdefault(literal[:_KEY], []).append(literal)
            else:
                others.append(pattern)
        self._others = re.compile("|".join(f"(?:{pattern})" for pattern in others) or "(?!)")

    def is_in(self, text: str) -> bool:
        """Whether one of them is in `text`; those that people read in, too, only where there is no engine."""
        by_key = self._by_key
        for word in _WORD.finditer(text):
            start = word.start()
            for name in by_key.get(text[start : start + _KEY], ()):
                if text.startswith(name, start) and not (name in self._read_in and has_engine(text)):
                    return True
        return self._others.search(text) is not None


def is_program(user_agent: str) -> bool:
    """Whether `user_agent` is that of a program; every browser has one, so none at all is a program's, too."""
    return (
        not user_agent.strip()
        or _PROGRAM.search(user_agent) is not None
        or (not has_engine(user_agent) and _PROGRAM_WITHOUT_ENGINE.search(user_agent) is not None)
        or _listed().is_in(user_agent)
    )


def is_fetched_ahead(headers: Mapping[bytes, bytes]) -> bool:
    """Whether the request says that its page was prefetched or prerendered: nobody has seen it yet."""
    for name in _AHEAD_HEADERS:
        value = headers.get(name)
        if value and value.decode("latin-1").lower().startswith(_AHEAD):
            return True
    return False


def is_forged(headers: Mapping[bytes, bytes], *, is_image: bool = False) -> bool:
    """Whether the Fetch Metadata in `headers` (names in lower case) are not those of a browser's beacon.

    A beacon is a POST by fetch, sendBeacon or XMLHttpRequest; with `is_image` it is the pixel. Headers that are missing
    say nothing: old browsers, insecure pages and servers send none, and some proxies take them out.
    """
    mode = headers.get(b"sec-fetch-mode")
    if not mode:
        return False
    return (
        mode not in _MODES
        or headers.get(b"sec-fetch-dest", b"empty") not in (_IMAGE if is_image else _POSTED)
        or headers.get(b"sec-fetch-user", b"?0") != b"?0"
        or not (headers.get(b"sec-fetch-site", b"same-origin") in _SITES or _is_extension(headers, is_image))
    )


def _is_extension(headers: Mapping[bytes, bytes], is_image: bool) -> bool:
    """Whether the page is one of a browser extension: what it fetches has `none` for a site."""
    is_from_one = is_image or b"-extension://" in headers.get(b"origin", b"")
    return is_from_one and headers.get(b"sec-fetch-site") == b"none"


def has_engine(user_agent: str) -> bool:
    """Whether `user_agent` names the engine of a browser, as nearly all of them do."""
    return any(engine in user_agent for engine in _ENGINES)


@cache
def _listed() -> _Names:
    """Return the names in crawler-user-agents. Not by importing it: that would keep half a megabyte of samples."""
    spec = find_spec("crawleruseragents")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("crawleruseragents")
    listed = Path(spec.origin).with_name("crawler-user-agents.json").read_bytes()
    read_in = tomllib.loads((files("collector") / "bots.toml").read_text(encoding="utf-8"))["read_in"]
    return _Names([crawler.pattern for crawler in msgspec.json.decode(listed, type=list[_Crawler])], frozenset(read_in))
