"""Which values a worker has met: past a number of them, new ones count as `(other)`, so that no sender fills memory."""

from __future__ import annotations

import logging
from operator import attrgetter

import msgspec

from schema.hit import Hit

OTHER = "(other)"
_MOST_IN_ALL = 1_000_000  # of all sites and fields: at some 80 bytes each
_FIELDS = (
    "hostname", "path", "name", "source", "referrer", "utm_source", "utm_medium", "utm_campaign", "utm_term",
    "utm_content", "browser_version", "os_version", "language",
)  # fmt: skip
_values_of = attrgetter(*_FIELDS)

log = logging.getLogger("footfall.collector")


class KnownValues:
    """The values of each site and field since the worker's start, which is a day at most, kept as hashes of 64 bits.

    `most` of one site and field go by name, 0: any number. One that is known is never folded later. What comes of
    a closed list is let through: channels, browsers, systems, devices, places, screens, currencies.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[str, list[set[int]]] = {}  # of each site, for each field in order, keys and values
        self._count = 0
        self._told: set[tuple[str, str]] = set()

    def fold(self, hit: Hit) -> Hit:
        """Return `hit` with `(other)` for every value that is one too many; nearly always as it is."""
        if not self._most:
            return hit
        known = self._known.get(hit.site)
        if known is None:
            known = self._known[hit.site] = [set() for _ in range(len(_FIELDS) + 2)]
        folded: dict[str, object] = {}
        for name, value, values in zip(_FIELDS, _values_of(hit), known, strict=False):
            if value and hash(value) not in values and not self._is_added(hit.site, name, value, values):
                folded[name] = OTHER
        if hit.props:
            *_, keys, values = known
            props = {
                self._named(hit.site, "key", key, keys): self._named(hit.site, "value", value, values)
                for key, value in hit.props
            }
            if (together := tuple(props.items())) != hit.props:
                folded["props"] = together
        return msgspec.structs.replace(hit, **folded) if folded else hit

    def _named(self, site: str, field: str, value: str, known: set[int]) -> str:
        return value if hash(value) in known or self._is_added(site, field, value, known) else OTHER

    def _is_added(self, site: str, field: str, value: str, known: set[int]) -> bool:
        """Whether there was room for a value that was not known."""
        if len(known) >= self._most or self._count >= _MOST_IN_ALL:
            self._tell(site, field, len(known))
            return False
        known.add(hash(value))
        self._count += 1
        return True

    def _tell(self, site: str, field: str, count: int) -> None:
        """Say so once: either it is a large site, or somebody makes values up."""
        if (site, field) not in self._told:
            self._told.add((site, field))
            log.warning(
                "%s: after %s distinct values of %s since midnight, new ones count as %s (collector.most_values)",
                site,
                f"{count:,}",
                field.replace("_", " "),
                OTHER,
            )
