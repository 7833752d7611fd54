"""Who visits the made-up site: shares of countries, devices, sources, campaigns, pages. Weights are relative."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import NamedTuple, TypeVar

Thing = TypeVar("Thing")
Weighted = Sequence[tuple[float, Thing]]


def pick(random: Random, choices: Weighted[Thing]) -> Thing:
    """Return one of `choices`, drawn by weight."""
    return random.choices([thing for _, thing in choices], [weight for weight, _ in choices])[0]


class Country(NamedTuple):
    """Where a visitor is; the offset (hours, without daylight saving) shapes the day."""

    code: str
    utc_offset: float
    language: str


class Source(NamedTuple):
    """What led a visitor here, and to which kind of page."""

    channel: str
    name: str
    referrer: str
    landing: str


COUNTRIES: Weighted[Country] = (
    (24, Country("DE", 1, "de")),
    (15, Country("GB", 0, "en")),
    (14, Country("US", -6, "en")),
    (8, Country("FR", 1, "fr")),
    (7, Country("AT", 1, "de")),
    (6, Country("CH", 1, "de")),
    (5, Country("NL", 1, "nl")),
    (4, Country("IT", 1, "it")),
    (4, Country("SE", 1, "sv")),
    (3, Country("CA", -5, "en")),
    (3, Country("NO", 1, "nb")),
    (2, Country("ES", 1, "es")),
    (2, Country("AU", 10, "en")),
    (1.5, Country("JP", 9, "ja")),
    (1.2, Country("IN", 5.5, "en")),
    (1, Country("NP", 5.75, "ne")),
    (1, Country("BR", -3, "pt")),
    (0.8, Country("NZ", 12, "en")),
    (0.6, Country("ZA", 2, "en")),
    (0.4, Country("CL", -4, "es")),
)

DEVICES: Weighted[str] = ((49, "Desktop"), (46, "Mobile"), (5, "Tablet"))

# browser, version, system, system's version
BROWSERS: dict[str, Weighted[tuple[str, str, str, str]]] = {
    "Desktop": (
        (38, ("Chrome", "141", "Windows", "10")),
        (17, ("Chrome", "141", "Mac OS X", "15")),
        (14, ("Safari", "18", "Mac OS X", "15")),
        (11, ("Firefox", "143", "Windows", "10")),
        (7, ("Firefox", "143", "Linux", "")),
        (9, ("Edge", "141", "Windows", "10")),
        (4, ("Chrome", "140", "Linux", "")),
    ),
    "Mobile": (
        (47, ("Mobile Safari", "18", "iOS", "18")),
        (40, ("Chrome Mobile", "141", "Android", "15")),
        (6, ("Samsung Internet", "28", "Android", "14")),
        (5, ("Firefox Mobile", "143", "Android", "15")),
        (2, ("Chrome Mobile iOS", "141", "iOS", "18")),
    ),
    "Tablet": ((70, ("Mobile Safari", "18", "iOS", "18")), (30, ("Chrome Mobile", "141", "Android", "14"))),
}

DIRECT = Source("Direct", "Direct / None", "", "home")
NEWS = Source("Referral", "Hacker News", "news.ycombinator.com/item", "article")
SOURCES: Weighted[Source] = (
    (31, Source("Organic Search", "Google", "google.com", "article")),
    (27, DIRECT),
    (5, Source("Organic Search", "Bing", "bing.com", "article")),
    (5, Source("Organic Search", "DuckDuckGo", "duckduckgo.com", "article")),
    (7, Source("Email", "newsletter", "", "article")),
    (5, Source("Paid Search", "Google", "google.com", "offer")),
    (4, Source("Organic Social", "Reddit", "reddit.com/r/hiking", "article")),
    (3, Source("Organic Social", "Mastodon", "mastodon.social", "article")),
    (3, Source("Organic Social", "Facebook", "facebook.com", "article")),
    (2, Source("Organic Video", "YouTube", "youtube.com/watch", "home")),
    (2, Source("AI Assistants", "ChatGPT", "chatgpt.com", "article")),
    (1, Source("AI Assistants", "Perplexity", "perplexity.ai", "article")),
    (2, Source("Referral", "wikipedia.org", "en.wikipedia.org/wiki/Hiking", "article")),
    (2, Source("Referral", "outdoor-friends.example", "outdoor-friends.example/links", "home")),
    (1, NEWS),
)

# The campaign columns of the channels that have campaigns.
CAMPAIGNS: dict[str, Weighted[dict[str, str]]] = {
    "Email": (
        (3, {"utm_source": "newsletter", "utm_medium": "email", "utm_campaign": "weekly"}),
        (1, {"utm_source": "newsletter", "utm_medium": "email", "utm_campaign": "members"}),
    ),
    "Paid Search": (
        (2, {"utm_source": "google", "utm_medium": "cpc", "utm_campaign": "spring", "utm_term": "day walks"}),
        (1, {"utm_source": "google", "utm_medium": "cpc", "utm_campaign": "brand", "utm_term": "footpaths"}),
    ),
}

WALKS: Weighted[str] = ((5, "/walks/chalk-ridge"), (3, "/walks/three-bridges"), (2.2, "/walks/salt-marsh"))
PLANNER: Weighted[str] = ((5, "/app"), (3, "/app/packing"), (2, "/app/daylight"))

# The kind of page that a source leads to → the pages of that kind.
LANDINGS: dict[str, Weighted[str]] = {
    "home": ((8, "/"), (1, "/walks/chalk-ridge"), (1, "/app"), (0.5, "/about")),
    "article": (*WALKS, (1.5, "/"), (0.4, "/app/daylight")),
    "offer": ((3, "/pricing"), (1, "/")),
    "inside": ((4, "/"), *WALKS, *((weight / 2, path) for weight, path in PLANNER), (2.4, "/pricing"), (1.6, "/about")),
}

# Subscriptions of the example site: plan, and a year's price in cents.
PLANS: Weighted[tuple[str, int]] = ((5, ("Reader", 2400)), (4, ("Walker", 3600)), (1, ("Companion", 6000)))
