"""User agent → browser, system and device class, by closed lists: a rare name would be a name of its user."""

from __future__ import annotations

import os

import msgspec
import xxhash
from ua_parser import user_agent_parser
from user_agents.parsers import UserAgent

from collector.bots import is_program

OTHER = "Other"
_MAX_PARSED = 512  # characters: no browser sends more, and each costs time

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


class Browser(msgspec.Struct, frozen=True, gc=False):
    """What a user agent is worth keeping of."""

    device: str = ""  # Desktop, Mobile, Tablet, or empty
    name: str = ""
    version: str = ""
    os: str = ""
    os_version: str = ""
    is_program: bool = False


class Browsers:
    """Parses user agents, and remembers the most recent ones by their hash: none stays in memory itself."""

    def __init__(self, capacity: int = 4096) -> None:
        self._capacity = capacity
        self._seed = int.from_bytes(os.urandom(8), "little")  # so that nobody can make two that are taken for one
        self._recent: dict[bytes, Browser] = {}

    def __len__(self) -> int:
        return len(self._recent)

    def parse(self, user_agent: bytes) -> Browser:
        """Return what `user_agent`, the header's value, says."""
        key = xxhash.xxh3_128_digest(user_agent, seed=self._seed)
        browser = self._recent.pop(key, None) or parse_user_agent(user_agent.decode("latin-1"))
        if len(self._recent) >= self._capacity:
            del self._recent[next(iter(self._recent))]
        self._recent[key] = browser
        return browser


def parse_user_agent(text: str) -> Browser:
    """Return what the user agent `text` says; half a millisecond or more."""
    agent = UserAgent(text[:_MAX_PARSED])
    user_agent_parser._PARSE_CACHE.clear()  # it would keep the last 200 user agents in memory
    return Browser(
        device=_device(agent),
        name=_known(_BROWSERS, agent.browser.family),
        version=_version(agent.browser.version[:1]),
        os=_known(_SYSTEMS, agent.os.family),
        os_version=_version(agent.os.version[: 2 if agent.os.version[:1] == (10,) else 1]),  # macOS: 10.15, then 11
        is_program=agent.is_bot or is_program(text),
    )


def _device(agent: UserAgent) -> str:
    if agent.is_tablet:
        return "Tablet"
    if agent.is_mobile:
        return "Mobile"
    return "Desktop" if agent.is_pc else ""


def _known(names: dict[str, str], family: str) -> str:
    return "" if family == OTHER else names.get(family, OTHER)


def _version(parts: tuple[int | str, ...]) -> str:
    """Return `parts` as text; empty unless they are numbers as versions have them."""
    return ".".join(map(str, parts)) if all(isinstance(part, int) and part < 1000 for part in parts) else ""
