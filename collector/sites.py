"""The sites of the settings, found by what a beacon says."""

from __future__ import annotations

from collections.abc import Iterable

from collector.urls import without_www
from schema.settings import SiteSettings


class Sites:
    """Domain → settings, with `www.` stripped on both sides."""

    def __init__(self, sites: Iterable[SiteSettings]) -> None:
        self._by_domain = {without_www(site.domain): site for site in sites}
        self._hostnames = {
            site.domain: frozenset(without_www(host.lower()) for host in site.hostnames)
            for site in self._by_domain.values()
        }

    def find(self, domain: str) -> SiteSettings | None:
        """Return the site that `domain` (lower case, without `www.`) names."""
        return self._by_domain.get(domain)

    def is_counted_host(self, site: SiteSettings, host: str) -> bool:
        """Whether pages of `host` count for `site`: any host's do if the settings name none."""
        hostnames = self._hostnames[site.domain]
        return not hostnames or host in hostnames

    def is_own_host(self, site: SiteSettings, host: str) -> bool:
        """Whether `host` is part of `site` itself, so that coming from there is no referral."""
        domain = without_www(site.domain)
        return host == domain or host.endswith("." + domain) or host in self._hostnames[site.domain]
