"""User agent → browser, system and device class, by closed lists: a rare name would be a name of its user."""

from __future__ import annotations

import os
from functools import cache
from itertools import islice

import msgspec
from ua_parser.loaders import load_builtins
from ua_parser.regex import Resolver
from user_agents.parsers import UserAgent, parse_browser, parse_device, parse_operating_system
from xxhash import xxh3_128_digest

from collector.bots import has_engine, is_program
from collector.client_hints import Hints, read_hints

OTHER = "Other"
_MAX_PARSED = 512  # characters: no browser sends more, and each costs time
_FROZEN = "Android 10; K)"  # what Chrome says on any Android

_BROWSERS = {
    "Amazon Silk": "Silk",
    "Android": "Android Browser",
    "Brave": "Brave",
    "Chrome": "Chrome",
    "Chrome Mobile": "Chrome",
    "Chrome Mobile WebView": "Android WebView",
    "Chrome Mobile iOS": "Chrome",
    "Chromium": "Chromium",
    "DuckDuckGo": "DuckDuckGo",
    "DuckDuckGo Mobile": "DuckDuckGo",
    "Ecosia": "Ecosia",
    "Edge": "Edge",
    "Edge Mobile": "Edge",
    "Facebook": "Facebook",
    "Firefox": "Firefox",
    "Firefox Focus": "Firefox",
    "Firefox Mobile": "Firefox",
    "Firefox iOS": "Firefox",
    "IE": "Internet Explorer",
    "IE Mobile": "Internet Explorer",
    "Instagram": "Instagram",
    "MiuiBrowser": "MIUI Browser",
    "Mobile Safari": "Safari",
    "Mobile Safari UI/WKWebView": "Safari",
    "Opera": "Opera",
    "Opera Mini": "Opera",
    "Opera Mobile": "Opera",
    "Pinterest": "Pinterest",
    "QQ Browser": "QQ Browser",
    "QQ Browser Mobile": "QQ Browser",
    "Safari": "Safari",
    "Samsung Internet": "Samsung Internet",
    "Snapchat": "Snapchat",
    "UC Browser": "UC Browser",
    "Vivaldi": "Vivaldi",
    "Whale": "Whale",
    "Yandex Browser": "Yandex Browser",
}
_SYSTEMS = {
    "Android": "Android",
    "Chrome OS": "Chrome OS",
    "FreeBSD": "BSD",
    "HarmonyOS": "HarmonyOS",
    "KaiOS": "KaiOS",
    "Mac OS X": "macOS",
    "NetBSD": "BSD",
    "OpenBSD": "BSD",
    "Tizen": "Tizen",
    "Windows": "Windows",
    "Windows Phone": "Windows Phone",
    "iOS": "iOS",
} | dict.fromkeys(("Arch Linux", "CentOS", "Debian", "Fedora", "Linux", "Mint", "Red Hat", "SUSE", "Ubuntu"), "Linux")
_GENERIC = frozenset(("", OTHER, "Android Browser", "Android WebView", "Chrome", "Chromium"))  # what others pose as
_NAMELESS = frozenset(("", OTHER, "Android Browser"))  # without an engine as well, it is none
_FINER = {
    "Linux": ("BSD", "Tizen", "KaiOS"),
    "Android": ("HarmonyOS",),
}  # systems that hints have no name of their own for


class Browser(msgspec.Struct, frozen=True, gc=False):
    """What a user agent is worth keeping of."""

    device: str = ""  # Desktop, Mobile, Tablet, or empty
    name: str = ""
    version: str = ""
    os: str = ""
    os_version: str = ""
    is_program: bool = False


_PROGRAM = Browser(is_program=True)


class Browsers:
    """Parses user agents, and remembers them by their hash: none stays in memory itself.

    When there is no more room the eighth goes that came first: asking for one that is there then costs one look-up,
    and the few in use that go are parsed again.
    """

    def __init__(self, capacity: int = 32_768) -> None:
        self._capacity = capacity
        self._seed = int.from_bytes(os.urandom(8), "little")  # so that nobody can make two that are taken for one
        self._known: dict[bytes, Browser] = {}
        self._distinct: dict[Browser, Browser] = {}
        _resolver()

    def __len__(self) -> int:
        return len(self._known)

    def parse(self, user_agent: bytes, hints: bytes = b"") -> Browser:
        """Return what `user_agent`, the header's value, says, set right by client hints as `pack_hints` makes them."""
        key = xxh3_128_digest(user_agent + b"\n" + hints if hints else user_agent, self._seed)
        return self._known.get(key) or self._remember(key, user_agent, hints)

    def _remember(self, key: bytes, user_agent: bytes, hints: bytes) -> Browser:
        if len(self._known) >= self._capacity:
            for oldest in list(islice(self._known, self._capacity // 8 + 1)):
                del self._known[oldest]
        browser = self._known[key] = self._one_of(parse_user_agent(user_agent.decode("latin-1"), hints))
        return browser

    def _one_of(self, browser: Browser) -> Browser:
        """Return the browser equal to `browser` that is in memory already, so that each is there once."""
        if len(self._distinct) >= self._capacity:
            self._distinct.clear()
        return self._distinct.setdefault(browser, browser)


def parse_user_agent(text: str, hints: bytes = b"") -> Browser:
    """Return what the user agent `text` says, set right by client hints; about a tenth of a millisecond."""
    if is_program(text):
        return _PROGRAM
    agent = _agent(text[:_MAX_PARSED])
    if agent.is_bot:
        return _PROGRAM
    browser = Browser(
        device=_device(agent),
        name=_known(_BROWSERS, agent.browser.family),
        version=_version(agent.browser.version[:1]),
        os=_known(_SYSTEMS, agent.os.family),
        os_version="" if _FROZEN in text else _os_version(agent.os.version),
    )
    if browser.name in _NAMELESS and not has_engine(text):
        return _PROGRAM
    return corrected(browser, read_hints(hints)) if hints else browser


def corrected(browser: Browser, hints: Hints) -> Browser:
    """Return `browser`, which a user agent claims, with what client hints know better."""
    if hints.is_program:
        return _PROGRAM
    is_hidden = bool(hints.name) and browser.name in _GENERIC
    is_other_os = bool(hints.os) and hints.os != browser.os and browser.os not in _FINER.get(hints.os, ())
    has_version = not is_other_os and (browser.os, browser.os_version) != ("macOS", "10.15")
    return Browser(
        device=_hinted_device(browser, hints),
        name=hints.name if is_hidden else browser.name,
        version=hints.version if is_hidden else browser.version,
        os=hints.os if is_other_os else browser.os,
        os_version=browser.os_version if has_version else "",
    )


def _hinted_device(browser: Browser, hints: Hints) -> str:
    if hints.is_mobile:
        return browser.device if browser.device == "Tablet" else "Mobile"
    if hints.os == "Android" and browser.os != "Android":
        return "Tablet"  # a page asked for as on a desktop, which tablets do by themselves
    return browser.device


def _agent(text: str) -> UserAgent:
    """Return user-agents' view of `text`. Its own constructor parses slowly, and keeps the last 200 in memory."""
    resolver = _resolver()
    browser, system, device = resolver.ua.extract(text), resolver.os.extract(text), resolver.de.extract(text)
    agent = UserAgent.__new__(UserAgent)
    agent.ua_string = text
    agent.browser = parse_browser(browser.family, browser.major) if browser else parse_browser(OTHER)
    agent.os = (
        parse_operating_system(system.family, system.major, system.minor) if system else parse_operating_system(OTHER)
    )
    agent.device = parse_device(device.family if device else OTHER, None, None)
    return agent


@cache
def _resolver() -> Resolver:
    """Return ua-parser's patterns, compiled: a quarter of a second, and 30 MB."""
    return Resolver(load_builtins())


def _device(agent: UserAgent) -> str:
    if agent.is_tablet:
        return "Tablet"
    if agent.is_mobile:
        return "Mobile"
    return "Desktop" if agent.is_pc else ""


def _known(names: dict[str, str], family: str) -> str:
    return "" if family == OTHER else names.get(family, OTHER)


def _os_version(parts: tuple[int | str, ...]) -> str:
    return _version(parts[: 2 if parts[:1] == (10,) else 1])  # macOS: 10.15, then 11


def _version(parts: tuple[int | str, ...]) -> str:
    """Return `parts` as text; empty unless they are numbers as versions have them."""
    return ".".join(map(str, parts)) if all(isinstance(part, int) and part < 1000 for part in parts) else ""
