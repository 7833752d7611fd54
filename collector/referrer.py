"""Where a visitor came from: referrer and campaign parameters → source and channel. Pure."""

from __future__ import annotations

import msgspec

from collector.placeholders import MAX_TEXT, scrub_text
from collector.sources import Arrival, Source, Sources
from collector.urls import Url, query_names, query_values, scrub_host, scrub_page

_NAMING = ("utm_source", "source", "ref")  # what a link calls its source, the most deliberate first
_UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
_KEPT = frozenset((*_UTM, *_NAMING))


class Acquisition(msgspec.Struct, frozen=True, gc=False):
    """Where a visitor came from, as it is kept."""

    channel: str = "Direct"
    source: str = "Direct / None"
    referrer: str = ""  # host and path
    utm_source: str = ""
    utm_medium: str = ""
    utm_campaign: str = ""
    utm_term: str = ""
    utm_content: str = ""


DIRECT = Acquisition()


def acquisition_of(page: Url, referrer: Url | None, sources: Sources) -> Acquisition:
    """Return where the reader of `page` came from; `referrer` is None where it is the site itself."""
    if not page.query:
        return DIRECT if referrer is None else _acquisition_of_referrer(referrer, sources)
    values = {name: scrub_text(value)[:MAX_TEXT] for name, value in query_values(page.query, _KEPT).items()}
    click_ids = sources.click_ids(query_names(page.query))
    if not values and not click_ids:
        return DIRECT if referrer is None else _acquisition_of_referrer(referrer, sources)
    source = _source(values, referrer, click_ids, sources)
    utm_source, utm_medium, utm_campaign, utm_term, utm_content = [values.get(name, "") for name in _UTM]
    arrival = Arrival(source, utm_source.lower(), utm_medium.lower(), utm_campaign.lower(), click_ids)
    return Acquisition(
        sources.channel_of(arrival),
        DIRECT.source if source is None else source.name,
        "" if referrer is None else _kept_referrer(referrer),
        utm_source,
        utm_medium,
        utm_campaign,
        utm_term,
        utm_content,
    )


def _acquisition_of_referrer(referrer: Url, sources: Sources) -> Acquisition:
    known = sources.at_host(referrer.host)
    host = scrub_host(referrer)
    source = known or Source(host)
    kept = host if referrer.path == "/" else _kept_referrer(referrer)
    return Acquisition(sources.channel_of(Arrival(source)), source.name, kept)


def _source(values: dict[str, str], referrer: Url | None, click_ids: frozenset[str], sources: Sources) -> Source | None:
    """Return the source: what the link says, else the referrer, else what the click id gives away."""
    name = next((values[name] for name in _NAMING if values.get(name)), "")
    if name:
        return sources.named(name)
    if referrer is not None:
        return sources.at_host(referrer.host) or Source(scrub_host(referrer))
    return sources.of_click_id(click_ids)


def _kept_referrer(referrer: Url) -> str:
    return (scrub_host(referrer) + scrub_page(referrer).rstrip("/"))[:MAX_TEXT]
