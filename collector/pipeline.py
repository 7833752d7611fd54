"""What happens to a beacon, step by step: each step adds a part to the draft of its hit, or rejects it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from collector.anonymise import anonymise, recognise_browser
from collector.audience import screen_class
from collector.beacon import Beacon
from collector.draft import Draft
from collector.placeholders import scrub_text
from collector.referrer import acquisition_of
from collector.sites import Sites
from collector.sources import Sources
from collector.urls import scrub_host, scrub_page
from collector.user_agent import Browsers
from schema.hit import Kind, Record, RejectedHit, Rejection


@dataclass(frozen=True)
class Tables:
    """What the steps look things up in."""

    sites: Sites
    sources: Sources
    countries: Mapping[str, str]  # IANA time zone → country
    browsers: Browsers


Step = Callable[[Draft, Tables], Draft | Rejection]


def add_site(draft: Draft, tables: Tables) -> Draft | Rejection:
    """Find the site that the beacon is for."""
    site = tables.sites.find(draft.domain)
    return Rejection.UNKNOWN_SITE if site is None else replace(draft, site=site)


def reject_opt_out(draft: Draft, tables: Tables) -> Draft | Rejection:
    """Leave alone whoever asks for it."""
    return Rejection.OPT_OUT if draft.beacon.is_opt_out else draft


def reject_fetched_ahead(draft: Draft, tables: Tables) -> Draft | Rejection:
    """Do not count a page that nobody has seen yet."""
    return Rejection.PREFETCH if draft.beacon.is_fetched_ahead else draft


def reject_hostname(draft: Draft, tables: Tables) -> Draft | Rejection:
    """Do not count copies of the site on hosts that are not its own."""
    return draft if tables.sites.is_counted_host(draft.site, draft.beacon.url.host) else Rejection.HOSTNAME


def add_browser(draft: Draft, tables: Tables) -> Draft | Rejection:
    """Tell browser, system and device class."""
    return replace(draft, browser=recognise_browser(draft.beacon, tables.browsers))


def reject_program(draft: Draft, tables: Tables) -> Draft | Rejection:
    """Do not count programs that say that they are."""
    return Rejection.BOT if draft.browser.is_program else draft


def add_page(draft: Draft, tables: Tables) -> Draft | Rejection:
    """Keep host and path, without what may name a person."""
    beacon = draft.beacon
    path = scrub_page(beacon.url, has_hash_mode=beacon.has_hash_mode)
    return replace(draft, hostname=scrub_host(beacon.url), path=path)


def add_acquisition(draft: Draft, tables: Tables) -> Draft | Rejection:
    """Tell where the visitor came from."""
    beacon, site = draft.beacon, draft.site
    referrer = beacon.referrer
    if referrer is not None and (referrer.host == beacon.url.host or tables.sites.is_own_host(site, referrer.host)):
        referrer = None
    return replace(draft, acquisition=acquisition_of(beacon.url, referrer, tables.sources))


def add_place(draft: Draft, tables: Tables) -> Draft | Rejection:
    """Tell the country from the browser's time zone, and the class of its screen."""
    beacon = draft.beacon
    return replace(draft, country=tables.countries.get(beacon.zone, ""), screen=screen_class(beacon.width))


def add_words(draft: Draft, tables: Tables) -> Draft | Rejection:
    """Keep the event's name and properties, without what may name a person."""
    beacon = draft.beacon
    if beacon.kind is not Kind.EVENT and not beacon.props:
        return replace(draft, name=beacon.name)
    props = {scrub_text(key): scrub_text(value) for key, value in beacon.props}
    return replace(draft, name=scrub_text(beacon.name), props=tuple(props.items()))


STEPS: tuple[Step, ...] = (
    add_site,
    reject_opt_out,
    reject_fetched_ahead,
    reject_hostname,
    add_browser,
    reject_program,
    add_page,
    add_acquisition,
    add_place,
    add_words,
)


def decide(beacon: Beacon, domain: str, tables: Tables, day_key: bytes | bytearray) -> Record:
    """Return the hit that `beacon` is for the site `domain`, or the rejection that it is not."""
    draft = Draft(beacon, domain)
    for step in STEPS:
        outcome = step(draft, tables)
        if not isinstance(outcome, Draft):
            return RejectedHit(draft.site.domain, beacon.at, outcome)
        draft = outcome
    return anonymise(draft, day_key)
