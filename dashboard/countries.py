"""Country codes → names, from the list that comes with the time zone database."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib import resources

# Where the list shortens, or says it in another way than people look for it.
_CLEARER = {
    "AS": "American Samoa",
    "CD": "Congo (Kinshasa)",
    "CF": "Central African Republic",
    "CG": "Congo (Brazzaville)",
    "GB": "United Kingdom",
    "KP": "North Korea",
    "KR": "South Korea",
    "TC": "Turks & Caicos Islands",
    "TF": "French Southern Territories",
    "US": "United States",
    "VG": "British Virgin Islands",
    "VI": "US Virgin Islands",
    "WS": "Samoa",
}


@functools.cache
def country_names() -> Mapping[str, str]:
    """Return ISO 3166-1 alpha-2 code → English name."""
    text = resources.files("tzdata.zoneinfo").joinpath("iso3166.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return {code: name for code, name, *_ in rows} | _CLEARER
