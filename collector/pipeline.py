"""What happens to a beacon, step by step: each step adds a part to the draft of its hit, or rejects it."""

from __future__ import annotations

from collections.abc import Callable

from collector.anonymise import anonymise, find_place, is_blocked, recognise_browser
from collector.audience import screen_class
from collector.beacon import Beacon
from collector.draft import Draft
from collector.placeholders import scrub_text
from collector.referrer import DIRECT, acquisition_of
from collector.tables import Tables
from collector.urls import scrub_page
from schema.hit import Hit, Kind, Record, RejectedHit, Rejection
from schema.settings import SiteSettings

Step = Callable[[Draft, Tables], Rejection | None]


def reject_opt_out(draft: Draft, tables: Tables) -> Rejection | None:
    """Leave alone whoever asks for it."""
    return Rejection.OPT_OUT if draft.beacon.envelope.is_opt_out else None


def reject_fetched_ahead(draft: Draft, tables: Tables) -> Rejection | None:
    """Do not count a page that nobody has seen yet."""
    return Rejection.PREFETCH if draft.beacon.envelope.is_fetched_ahead else None


def reject_forged(draft: Draft, tables: Tables) -> Rejection | None:
    """Do not count requests that pose as a browser's, and badly."""
    return Rejection.FORGED if draft.beacon.envelope.is_forged else None


def reject_hostname(draft: Draft, tables: Tables) -> Rejection | None:
    """Do not count copies of the site on hosts that are not its own."""
    return None if tables.sites.is_counted_host(draft.site, draft.beacon.url.host) else Rejection.HOSTNAME


def reject_blocked_address(draft: Draft, tables: Tables) -> Rejection | None:
    """Do not count the networks that the site's owner blocks, such as the owner's own."""
    blocks = tables.blocks.get(draft.site.domain)
    return Rejection.BLOCKED_ADDRESS if blocks is not None and is_blocked(draft.beacon, blocks) else None


def add_browser(draft: Draft, tables: Tables) -> Rejection | None:
    """Tell browser, system and device class; do not count programs that say that they are."""
    draft.browser = recognise_browser(draft.beacon, tables.browsers)
    return Rejection.BOT if draft.browser.is_program else None


def add_page(draft: Draft, tables: Tables) -> Rejection | None:
    """Keep host and path, without what may name a person."""
    beacon = draft.beacon
    draft.hostname = tables.hosts.scrub(beacon.url.host)
    is_simple = not beacon.has_hash_mode
    draft.path = tables.paths.scrub(beacon.url.path) if is_simple else scrub_page(beacon.url, has_hash_mode=True)
    return None


def reject_blocked_path(draft: Draft, tables: Tables) -> Rejection | None:
    """Do not count the pages that the site's owner blocks."""
    blocks = tables.blocks.get(draft.site.domain)
    return Rejection.BLOCKED_PATH if blocks is not None and blocks.has_path(draft.path) else None


def reject_spam(draft: Draft, tables: Tables) -> Rejection | None:
    """Do not count those who come only to be seen among the referrers."""
    referrer, own = draft.beacon.referrer, tables.own_spam.get(draft.site.domain)
    if referrer is None:
        return None
    is_spam = tables.spam.is_spam(referrer.host) or (own is not None and own.is_spam(referrer.host))
    return Rejection.SPAM if is_spam else None


def add_acquisition(draft: Draft, tables: Tables) -> Rejection | None:
    """Tell where the visitor came from."""
    url, referrer = draft.beacon.url, draft.beacon.referrer
    if referrer is not None and (referrer.host == url.host or tables.sites.is_own_host(draft.site, referrer.host)):
        referrer = None
    is_direct = not url.query and referrer is None
    draft.acquisition = DIRECT if is_direct else acquisition_of(url, referrer, tables.sources)
    return None


def add_place(draft: Draft, tables: Tables) -> Rejection | None:
    """Tell the country from the browser's time zone, and the class of its screen."""
    beacon = draft.beacon
    draft.country, draft.region, draft.city = find_place(beacon, tables.places)
    draft.screen = screen_class(beacon.width)
    return None


def reject_blocked_country(draft: Draft, tables: Tables) -> Rejection | None:
    """Do not count the countries that the site's owner blocks."""
    blocks = tables.blocks.get(draft.site.domain)
    return Rejection.BLOCKED_COUNTRY if blocks is not None and draft.country in blocks.countries else None


def add_words(draft: Draft, tables: Tables) -> Rejection | None:
    """Keep the event's name and properties, without what may name a person."""
    beacon = draft.beacon
    if beacon.kind is not Kind.EVENT and not beacon.props:
        draft.name = beacon.name
        return None
    draft.name = scrub_text(beacon.name)
    draft.props = tuple({scrub_text(key): scrub_text(value) for key, value in beacon.props}.items())
    return None


BEACON_STEPS: tuple[Step, ...] = (
    reject_opt_out,
    reject_fetched_ahead,
    reject_forged,
    add_browser,
    add_page,
    add_place,
    add_words,
)
SITE_STEPS: tuple[Step, ...] = (
    reject_hostname,
    reject_blocked_address,
    reject_blocked_path,
    reject_blocked_country,
    reject_spam,
    add_acquisition,
)


def decide(beacon: Beacon, tables: Tables, day_key: bytes | bytearray) -> list[Record]:
    """Return what the beacon is for each of its sites, a hit or a rejection; all unknown sites together are one.

    What does not depend on the site is done once, and not at all where none is ours.
    """
    sites = _sites_of(beacon, tables)
    draft = Draft(beacon)
    reason = _run(BEACON_STEPS, draft, tables) if any(sites) else None
    return [_decide_for(site, reason, draft, tables, day_key) for site in sites]


def _sites_of(beacon: Beacon, tables: Tables) -> list[SiteSettings | None]:
    sites = [tables.sites.find(domain) for domain in beacon.domains]
    return sites if len(sites) == 1 else list(dict.fromkeys(sites))


def _decide_for(
    site: SiteSettings | None, reason: Rejection | None, draft: Draft, tables: Tables, day_key: bytes | bytearray
) -> Record:
    """Return the record for `site`; `draft` is what was found out about the beacon, `reason` why it counts nowhere."""
    at = draft.beacon.envelope.at
    if site is None:
        return RejectedHit("", at, Rejection.UNKNOWN_SITE)
    draft.site = site
    reason = reason or _run(SITE_STEPS, draft, tables)
    if reason is not None:
        return RejectedHit(site.domain, at, reason)
    hit = anonymise(draft, day_key)
    if not _is_within_limits(hit, tables):
        return RejectedHit(hit.site, hit.at, Rejection.RATE_LIMIT)
    return tables.known_values.fold(hit)


def _run(steps: tuple[Step, ...], draft: Draft, tables: Tables) -> Rejection | None:
    for step in steps:
        reason = step(draft, tables)
        if reason is not None:
            return reason
    return None


def _is_within_limits(hit: Hit, tables: Tables) -> bool:
    """Whether neither the visitor nor the site has more beacons than allowed; last, so that only what counts does."""
    return tables.visitor_limit.take(hit.visitor, hit.at) and tables.site_limit.take(hit.site, hit.at)
