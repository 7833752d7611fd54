"""The sources that are known by name, and the rules for channels, as `sources.toml` lists them."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files

import msgspec

_ANY_ENDING = ".*"
_HOST_WITH_ENDING = re.compile(r"(.+?)\.(?:[a-z]{2,3}|com?\.[a-z]{2})")  # .com, .de, .co.uk, .com.br


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


class Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`sources.toml`."""

    click_ids: dict[str, str]
    paid: Paid
    channel: tuple[Channel, ...]
    source: tuple[Source, ...]


class Arrival(msgspec.Struct, frozen=True):
    """What a visit's channel depends on; texts in lower case."""

    source: Source | None
    utm_source: str = ""
    utm_medium: str = ""
    utm_campaign: str = ""
    click_ids: frozenset[str] = frozenset()


class Sources:
    """Finds sources by host, by what a link says, or by click id; and tells an arrival's channel."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._click_ids = catalogue.click_ids
        self._paid = catalogue.paid
        self._channels = catalogue.channel
        self._by_host = {host: source for source in catalogue.source for host in source.hosts}
        self._by_alias = {alias: source for source in catalogue.source for alias in source.aliases}
        self._by_name = {source.name: source for source in catalogue.source}

    def at_host(self, host: str) -> Source | None:
        """Return the source with the longest name that is `host` or that `host` is a subdomain of."""
        while host:
            source = self._by_host.get(host) or self._with_any_ending(host)
            if source is not None:
                return source
            host = host.partition(".")[2]
        return None

    def named(self, name: str) -> Source:
        """Return the source that a link's parameter names: one we know, or one that is just called so."""
        word = name.strip().lower()
        return self._by_alias.get(word) or self.at_host(word) or Source(name)

    def click_ids(self, parameters: set[str]) -> frozenset[str]:
        """Return the click ids among the names of a query's parameters."""
        return frozenset(parameters & self._click_ids.keys())

    def of_click_id(self, click_ids: frozenset[str]) -> Source | None:
        """Return the source that adds one of these, the first in the catalogue's order."""
        name = next((name for click_id, name in self._click_ids.items() if click_id in click_ids), None)
        return None if name is None else self._by_name[name]

    def channel_of(self, arrival: Arrival) -> str:
        """Return the name of the first channel whose conditions hold."""
        is_paid = self._is_paid(arrival)
        return next(channel.name for channel in self._channels if _holds(channel, arrival, is_paid))

    def _with_any_ending(self, host: str) -> Source | None:
        match = _HOST_WITH_ENDING.fullmatch(host)
        return self._by_host.get(match[1] + _ANY_ENDING) if match else None

    def _is_paid(self, arrival: Arrival) -> bool:
        return (
            not arrival.click_ids.isdisjoint(self._paid.click_ids)
            or _matches(self._paid.mediums, arrival.utm_medium)
            or _matches(self._paid.sources, arrival.utm_source)
        )


def load_sources() -> Sources:
    """Return the sources that Footfall comes with."""
    text = (files("collector") / "sources.toml").read_text(encoding="utf-8")
    return Sources(msgspec.convert(tomllib.loads(text), Catalogue))


def _holds(channel: Channel, arrival: Arrival, is_paid: bool) -> bool:
    source = arrival.source
    return (
        (is_paid or not channel.paid)
        and (source is not None or not channel.has_source)
        and (not channel.kind or (source is not None and source.kind == channel.kind))
        and (not channel.source or _matches(channel.source, arrival.utm_source))
        and (not channel.medium or _matches(channel.medium, arrival.utm_medium))
        and (not channel.campaign or _matches(channel.campaign, arrival.utm_campaign))
    )


def _matches(pattern: str, text: str) -> bool:
    return bool(text) and re.fullmatch(pattern, text) is not None
