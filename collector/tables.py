"""What the pipeline's steps look things up in, made from the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from collector.blocks import Blocks
from collector.clean_texts import CleanTexts
from collector.geo import load_countries
from collector.known_values import KnownValues
from collector.place import Places
from collector.placeholders import scrub_path, scrub_text
from collector.rate_limit import RateLimit
from collector.sites import Sites
from collector.sources import Sources, load_sources
from collector.spam import SpamHosts, load_spam_hosts
from collector.user_agent import Browsers
from schema.settings import Settings


@dataclass(frozen=True)
class Tables:
    """One of these per worker."""

    sites: Sites
    blocks: Mapping[str, Blocks]  # of the sites that have some, by domain
    sources: Sources
    spam: SpamHosts
    own_spam: Mapping[str, SpamHosts]  # what the owners of sites have added, by domain
    places: Places
    browsers: Browsers
    hosts: CleanTexts
    paths: CleanTexts
    visitor_limit: RateLimit
    site_limit: RateLimit
    known_values: KnownValues


def make_tables(settings: Settings) -> Tables:
    """Return the tables of one worker; it gets its share of what each site is allowed."""
    blocks = {site.domain: Blocks(site) for site in settings.site}
    return Tables(
        sites=Sites(settings.site),
        blocks={domain: blocks for domain, blocks in blocks.items() if blocks},
        sources=load_sources(),
        spam=load_spam_hosts(),
        own_spam={site.domain: SpamHosts(site.blocked_referrers) for site in settings.site if site.blocked_referrers},
        places=Places(load_countries(), settings.collector.geo_database),
        browsers=Browsers(),
        hosts=CleanTexts(scrub_text),
        paths=CleanTexts(scrub_path),
        visitor_limit=RateLimit(settings.collector.visitor_rate),
        site_limit=RateLimit(settings.collector.site_rate / settings.collector.workers),
        known_values=KnownValues(settings.collector.most_values, len(settings.site)),
    )
