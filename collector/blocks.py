"""What a site's owner does not want counted: networks, pages, countries."""

from __future__ import annotations

import ipaddress

from collector.path_pattern import PathPattern
from schema.settings import SiteSettings

_IPV6_BYTES_KEPT = 8  # its /64: beyond that an address is not looked at


class Blocks:
    """The blocks of one site."""

    def __init__(self, site: SiteSettings) -> None:
        self.countries = frozenset(site.blocked_countries)
        self._networks = [_range_of(network) for network in site.blocked_addresses]
        self._paths = [PathPattern(path) for path in site.blocked_paths]

    def __bool__(self) -> bool:
        return bool(self.countries or self._networks or self._paths)

    def has_address(self, address: bytes) -> bool:
        """Whether `address` (IPv4, or the /64 of IPv6) is in one of the networks; a longer IPv6 one means its /64."""
        return any(len(first) == len(address) and first <= address <= last for first, last in self._networks)

    def has_path(self, path: str) -> bool:
        """Whether `path`, as it would be kept, is one of the pages."""
        return any(pattern.matches(path) for pattern in self._paths)


def _range_of(text: str) -> tuple[bytes, bytes]:
    network = ipaddress.ip_network(text)
    first, last = network[0].packed, network[-1].packed
    return (first, last) if network.version == 4 else (first[:_IPV6_BYTES_KEPT], last[:_IPV6_BYTES_KEPT])
