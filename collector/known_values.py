"""Which values a worker has met: past a number of them, new ones count as `(other)`, so that no sender fills memory."""

from __future__ import annotations

import logging

import msgspec

from schema.hit import Hit

OTHER = "(other)"
_MOST_IN_ALL = 1_000_000  # of all sites and fields: at some 80 bytes each
_FIELDS = (
    "hostname", "path", "name", "source", "referrer", "utm_source", "utm_medium", "utm_campaign", "utm_term",
    "utm_content", "browser_version", "os_version", "language",
)  # fmt: skip

log = logging.getLogger("footfall.collector")


class KnownValues:
    """The values of each site and field since the worker's start, which is a day at most, kept as hashes of 64 bits.

    `most` of one site and field go by name, 0: any number. One that is known is never folded later. What comes of
    a closed list is let through: channels, browsers, systems, devices, places, screens, currencies.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[tuple[str, str], set[int]] = {}
        self._count = 0
        self._told: set[tuple[str, str]] = set()

    def fold(self, hit: Hit) -> Hit:
        """Return `hit` with `(other)` for every value that is one too many; nearly always as it is."""
        if not self._most:
            return hit
        site = hit.site
        folded: dict[str, object] = {
            name: OTHER for name in _FIELDS if (value := getattr(hit, name)) and not self._is_known(site, name, value)
        }
        if hit.props:
            props = {self._named(site, "key", key): self._named(site, "value", value) for key, value in hit.props}
            if (together := tuple(props.items())) != hit.props:
                folded["props"] = together
        return msgspec.structs.replace(hit, **folded) if folded else hit

    def _named(self, site: str, field: str, value: str) -> str:
        return value if self._is_known(site, field, value) else OTHER

    def _is_known(self, site: str, field: str, value: str) -> bool:
        """Whether `value` goes by name; from now on, if there is room for it."""
        known = self._known.get((site, field))
        if known is None:
            known = self._known[site, field] = set()
        digest = hash(value)
        if digest in known:
            return True
        if len(known) >= self._most or self._count >= _MOST_IN_ALL:
            self._tell(site, field, len(known))
            return False
        known.add(digest)
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
