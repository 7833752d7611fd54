"""What a site's owner does not want counted: networks, pages, countries."""

from __future__ import annotations

import ipaddress
import re

from schema.settings import SiteSettings

_IPV6_BYTES_KEPT = 8  # its /64: beyond that an address is not looked at
_WILDCARDS = {"**": ".*", "*": "[^/]*"}


class Blocks:
    """The blocks of one site."""

    def __init__(self, site: SiteSettings) -> None:
        self.countries = frozenset(site.blocked_countries)
        self._networks = [_range_of(network) for network in site.blocked_addresses]
        self._paths = re.compile("|".join(map(_pattern_of, site.blocked_paths)), re.DOTALL)
        self._has_paths = bool(site.blocked_paths)

    def __bool__(self) -> bool:
        return bool(self.countries or self._networks or self._has_paths)

    def has_address(self, address: bytes) -> bool:
        """Whether `address` (IPv4, or the /64 of IPv6) is in one of the networks; a longer IPv6 one means its /64."""
        return any(len(first) == len(address) and first <= address <= last for first, last in self._networks)

    def has_path(self, path: str) -> bool:
        """Whether `path`, as it would be kept, is one of the pages."""
        return self._has_paths and self._paths.fullmatch(path) is not None


def _range_of(text: str) -> tuple[bytes, bytes]:
    network = ipaddress.ip_network(text)
    first, last = network[0].packed, network[-1].packed
    return (first, last) if network.version == 4 else (first[:_IPV6_BYTES_KEPT], last[:_IPV6_BYTES_KEPT])


def _pattern_of(path: str) -> str:
    """Return the regular expression of `path`: `*` is any part of it without a slash, `**` any part."""
    return "".join(_WILDCARDS.get(part) or re.escape(part) for part in re.split(r"(\*\*|\*)", path))
