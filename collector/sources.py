"""The sources that are known by name, and the rules for channels, as `sources.toml` lists them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable
from importlib.resources import files
from typing import Any

import msgspec

_ANY_ENDING = ".*"
_SECOND_LEVELS = ("co", "com")  # .co.uk, .com.br
_MAX_SIGNS = 4096  # real traffic has some dozens


class Source(msgspec.Struct, frozen=True):
    """Where visitors come from."""

    name: str
    kind: str = "referral"
    hosts: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


class Paid(msgspec.Struct, frozen=True):
    """What says that a visit was paid for: a click id, or a medium or source that matches."""

    click_ids: frozenset[str]
    mediums: str
    sources: str


class Channel(msgspec.Struct, frozen=True):
    """A channel's name and the conditions for it: those given must hold, all of them."""

    name: str
    kind: str = ""
    paid: bool = False
    has_source: bool = False
    source: str = ""
    medium: str = ""
    campaign: str = ""


class Words(msgspec.Struct, frozen=True):
    """What links usually say: looked up instead of matched."""

    sources: tuple[str, ...]
    mediums: tuple[str, ...]


class Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`sources.toml`."""

    click_ids: dict[str, str]
    paid: Paid
    words: Words
    channel: tuple[Channel, ...]
    source: tuple[Source, ...]


class Arrival(msgspec.Struct, frozen=True):
    """What a visit's channel depends on; texts in lower case."""

    source: Source | None
    utm_source: str = ""
    utm_medium: str = ""
    utm_campaign: str = ""
    click_ids: frozenset[str] = frozenset()


_NONE: frozenset[str] = frozenset()


class Patterns:
    """The patterns that the rules have for one text, with the answers for the words that it usually is."""

    def __init__(self, patterns: Iterable[str], words: Iterable[str] = ()) -> None:
        self._matchers: tuple[tuple[str, Callable[[str], Any]], ...] = tuple(
            (pattern, re.compile(pattern).fullmatch) for pattern in dict.fromkeys(patterns) if pattern
        )
        self._known = {"": _NONE} | {word: self._match(word) for word in words}

    def matching(self, text: str) -> frozenset[str]:
        """Return those that match the whole of `text`; an empty one matches none."""
        known = self._known.get(text)
        return self._match(text) if known is None else known

    def _match(self, text: str) -> frozenset[str]:
        return frozenset([pattern for pattern, is_match in self._matchers if is_match(text)])


# What the channel follows from: source's kind (None without source), whether it was paid for, and the patterns that
# utm_source, utm_medium and utm_campaign match. Nothing that a visitor has sent.
_Signs = tuple[str | None, bool, frozenset[str], frozenset[str], frozenset[str]]


class Sources:
    """Finds sources by host, by what a link says, or by click id; and tells an arrival's channel."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._click_ids = catalogue.click_ids
        self._paid = catalogue.paid
        self._channels = catalogue.channel
        self._by_host = {host: source for source in catalogue.source for host in source.hosts}
        self._by_alias = {alias: source for source in catalogue.source for alias in source.aliases}
        self._by_name = {source.name: source for source in catalogue.source}
        paid, channels, words = catalogue.paid, catalogue.channel, catalogue.words
        self._sources = Patterns([paid.sources, *(it.source for it in channels)], (*self._by_alias, *words.sources))
        self._mediums = Patterns([paid.mediums, *(it.medium for it in channels)], words.mediums)
        self._campaigns = Patterns(it.campaign for it in channels)
        self._by_signs: dict[_Signs, str] = {}

    def at_host(self, host: str) -> Source | None:
        """Return the source with the longest name that is `host` or that `host` is a subdomain of."""
        by_host = self._by_host
        ending = _ending(host)
        while host:
            source = by_host.get(host)
            if source is None and ending and len(host) > len(ending):
                source = by_host.get(host[: -len(ending)] + _ANY_ENDING)
            if source is not None:
                return source
            host = host.partition(".")[2]
        return None

    def named(self, name: str) -> Source:
        """Return the source that a link's parameter names: one we know, or one that is just called so."""
        word = name.strip().lower()
        host = word.partition("://")[2].partition("/")[0].removeprefix("www.") or word
        return self._by_alias.get(word) or self.at_host(host) or Source(name)

    def click_ids(self, parameters: set[str]) -> frozenset[str]:
        """Return the click ids among the names of a query's parameters."""
        found = self._click_ids.keys() & parameters
        return frozenset(found) if found else _NONE

    def of_click_id(self, click_ids: frozenset[str]) -> Source | None:
        """Return the source that adds one of these, the first in the catalogue's order."""
        if not click_ids:
            return None
        return next(self._by_name[name] for click_id, name in self._click_ids.items() if click_id in click_ids)

    def channel_of(self, arrival: Arrival) -> str:
        """Return the name of the first channel whose conditions hold."""
        source = self._sources.matching(arrival.utm_source)
        medium = self._mediums.matching(arrival.utm_medium)
        is_paid = (
            self._paid.mediums in medium
            or self._paid.sources in source
            or not self._paid.click_ids.isdisjoint(arrival.click_ids)
        )
        kind = None if arrival.source is None else arrival.source.kind
        signs = (kind, is_paid, source, medium, self._campaigns.matching(arrival.utm_campaign))
        return self._by_signs.get(signs) or self._first_channel(signs)

    def _first_channel(self, signs: _Signs) -> str:
        name = next(channel.name for channel in self._channels if _holds(channel, signs))
        if len(self._by_signs) < _MAX_SIGNS:
            self._by_signs[signs] = name
        return name


def load_sources() -> Sources:
    """Return the sources that Footfall comes with."""
    text = (files("collector") / "sources.toml").read_text(encoding="utf-8")
    return Sources(msgspec.convert(tomllib.loads(text), Catalogue))


def _holds(channel: Channel, signs: _Signs) -> bool:
    kind, is_paid, source, medium, campaign = signs
    return (
        (is_paid or not channel.paid)
        and (kind is not None or not channel.has_source)
        and (not channel.kind or kind == channel.kind)
        and (not channel.source or channel.source in source)
        and (not channel.medium or channel.medium in medium)
        and (not channel.campaign or channel.campaign in campaign)
    )


def _ending(host: str) -> str:
    """Return what `.*` may stand for at the end of `host`: .com, .de, .co.uk, .com.br; empty if there is none."""
    rest, dot, last = host.rpartition(".")
    if not dot or not last.isalpha() or not 2 <= len(last) <= 3:
        return ""
    second = rest.rpartition(".")[2]
    is_second_level = len(last) == 2 and second in _SECOND_LEVELS and second != rest
    return f".{second}.{last}" if is_second_level else f".{last}"
