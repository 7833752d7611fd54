"""Which values a worker has met: past a number of them, new ones count as `(other)`: nobody can make up any number."""

from __future__ import annotations

import logging
from operator import attrgetter

import msgspec

from schema.hit import Hit

OTHER = "(other)"
_MOST_IN_ALL = 1_000_000  # values of all sites and fields: at some 80 bytes each
_FIELDS = (
    "hostname", "path", "name", "source", "referrer", "utm_source", "utm_medium", "utm_campaign", "utm_term",
    "utm_content", "browser_version", "os_version", "language",
)  # fmt: skip
_values_of = attrgetter(*_FIELDS)

log = logging.getLogger("footfall.collector")


class _Site:
    """What is known of one site: for each field, for the keys of properties, and for each key, hashes of 64 bits."""

    def __init__(self) -> None:
        self.fields: list[set[int]] = [set() for _ in _FIELDS]
        self.keys: set[int] = set()
        self.values: dict[str, set[int]] = {}
        self.count = 0  # of all of these


class KnownValues:
    """The values of each site and field since the worker's start, which is a day at most.

    `most` of one site and field go by name, 0: any number. Once all sites together have a million, one that has its
    share of them gets no more, however many the others have. What is known is never folded later. What comes of a
    closed list is let through: channels, browsers, systems, devices, places, screens, currencies.
    """

    def __init__(self, most: int, sites: int = 1) -> None:
        self._most = most
        self._share = _MOST_IN_ALL // max(1, sites)
        self._sites: dict[str, _Site] = {}
        self._count = 0
        self._told: set[tuple[str, str]] = set()

    def fold(self, hit: Hit) -> Hit:
        """Return `hit` with `(other)` for every value that is one too many; nearly always as it is."""
        if not self._most:
            return hit
        site = self._sites.get(hit.site)
        if site is None:
            site = self._sites[hit.site] = _Site()
        folded: dict[str, object] = {}
        for field, value, known in zip(_FIELDS, _values_of(hit), site.fields, strict=True):
            if value and hash(value) not in known and not self._is_added(hit.site, field, value, known):
                folded[field] = OTHER
        if hit.props:
            props = tuple(dict(self._fold_prop(hit.site, site, key, value) for key, value in hit.props).items())
            if props != hit.props:
                folded["props"] = props
        return msgspec.structs.replace(hit, **folded) if folded else hit

    def _fold_prop(self, name: str, site: _Site, key: str, value: str) -> tuple[str, str]:
        if hash(key) not in site.keys and not self._is_added(name, "property", key, site.keys):
            return OTHER, OTHER
        known = site.values.setdefault(key, set())
        is_known = hash(value) in known or self._is_added(name, "a property's value", value, known)
        return key, value if is_known else OTHER

    def _is_added(self, name: str, field: str, value: str, known: set[int]) -> bool:
        """Whether there was room for a value that was not known."""
        site = self._sites[name]
        if len(known) >= self._most:
            self._tell(name, field, f"{len(known):,} distinct values of {field} (collector.most_values)")
            return False
        if self._count >= _MOST_IN_ALL and site.count >= self._share:
            self._tell(name, "", f"{site.count:,} distinct values, its share of what a worker keeps for all sites")
            return False
        known.add(hash(value))
        site.count += 1
        self._count += 1
        return True

    def _tell(self, name: str, field: str, what: str) -> None:
        """Say so once: either it is a large site, or somebody makes values up."""
        if (name, field) not in self._told:
            self._told.add((name, field))
            log.warning("%s has had %s: until midnight new ones count as %s", name, what, OTHER)
