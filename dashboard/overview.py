"""The list of sites: the visitors of each, of today and of the last weeks, asked for many sites at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from dashboard.chart import sparkline
from dashboard.counts import Counts
from dashboard.figures import NO_CHANGE, Change, make_change
from dashboard.period import Period, local_day, parse_period, previous
from dashboard.view import DEFAULT_PERIOD
from schema.errors import ShardUnavailableError
from schema.settings import SiteSettings
from schema.shards import shard_of

_AT_ONCE = 100  # sites in one question


@dataclass(frozen=True)
class SiteCard:
    """One site in the list: visitors of today and the line of the last weeks."""

    domain: str
    visitors: int
    open_visits: int | None
    line: str
    total: int = 0  # of all days of the line, added up
    change: Change = NO_CHANGE
    away: str = ""  # why its counts cannot be read now, though those of other sites can


def read_cards(counts: Counts, sites: Sequence[SiteSettings], now_ms: int) -> list[SiteCard]:
    """Return the card of each site, in order; those of one time zone on one shard have their question in common."""
    cards: dict[str, SiteCard] = {}
    for zone, domains in _groups(sites, len(counts.store.shards)):
        try:
            cards |= _read_together(counts, domains, ZoneInfo(zone), now_ms)
        except ShardUnavailableError as error:
            away = f"part {error.shard} of {error.shards} of the store is away"
            cards |= {domain: SiteCard(domain, 0, None, "", away=away) for domain in domains}
    return [cards[site.domain] for site in sites]


def _groups(sites: Sequence[SiteSettings], shards: int) -> list[tuple[str, list[str]]]:
    """Sites that can be asked for together: their time zone and their domains."""
    groups: dict[tuple[str, int], list[str]] = defaultdict(list)
    for site in sites:
        groups[site.timezone, shard_of(site.domain, shards)].append(site.domain)
    return [
        (zone, domains[start : start + _AT_ONCE])
        for (zone, _), domains in groups.items()
        for start in range(0, len(domains), _AT_ONCE)
    ]


def _read_together(counts: Counts, domains: Sequence[str], zone: ZoneInfo, now_ms: int) -> Mapping[str, SiteCard]:
    period = parse_period(DEFAULT_PERIOD, local_day(now_ms, zone), zone)
    earlier = previous(period, now_ms)
    days = counts.daily_visitors(domains, Period(period.name, (earlier or period).start, period.end, zone))
    open_visits = counts.open_visits_of(domains)
    cards = {}
    for domain in domains:
        line, before = (
            [days[domain].get(each.start + timedelta(days=n), 0) for n in range(each.days)] if each else []
            for each in (period, earlier)
        )
        change = make_change("visitors", sum(line), sum(before) or None)
        cards[domain] = SiteCard(domain, line[-1], open_visits[domain], sparkline(line), sum(line), change)
    return cards
