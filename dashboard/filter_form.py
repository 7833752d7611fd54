"""The form that adds a filter: a dimension, how to compare, and a value. Works without JavaScript. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dashboard.countries import country_names
from dashboard.filters import Operator
from dashboard.view_filters import FILTERS, OPERATOR_NAMES, PREFIXES, Filter, is_filter, parse_filters

ADD, HOW, VALUE = "add", "how", "value"

# Name in the address → what people call it, in groups.
FILTER_NAMES: Mapping[str, Mapping[str, str]] = {
    "Pages": {"page": "Page", "entry": "Entry page", "exit": "Exit page", "hostname": "Host"},
    "Sources": {
        "source": "Source", "channel": "Channel", "referrer": "Referrer", "utm_campaign": "Campaign",
        "utm_medium": "Campaign medium", "utm_source": "Campaign source", "utm_term": "Campaign term",
        "utm_content": "Campaign content",
    },
    "Places": {"country": "Country", "region": "Region", "city": "City"},
    "Devices": {
        "browser": "Browser", "browser_version": "Browser version", "os": "System", "os_version": "System version",
        "device": "Device size", "screen": "Screen", "language": "Language",
    },
    "Events": {"event": "Event", "currency": "Currency"},
}  # fmt: skip
_TITLES = {name: title for group in FILTER_NAMES.values() for name, title in group.items()}


def filter_title(name: str) -> str:
    """Return what people call a filter."""
    return _TITLES.get(name, name.removeprefix("prop-").replace("_", " "))


@dataclass(frozen=True)
class FilterForm:
    """What the form offers."""

    @property
    def groups(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """The dimensions: group → (name, title)."""
        return [
            (group, [(name, title) for name, title in names.items() if name in FILTERS])
            for group, names in FILTER_NAMES.items()
        ]

    @property
    def operators(self) -> list[tuple[str, str]]:
        """The ways to compare: (value, title)."""
        return [(operator.value, name) for operator, name in OPERATOR_NAMES.items()]


def read_form(parts: Mapping[str, str]) -> Filter | None:
    """Return the filter that the form asks to add; None where it was not sent, or makes no sense."""
    name, how = parts.get(ADD, ""), parts.get(HOW, Operator.IS.value)
    if not is_filter(name) or how not in PREFIXES:
        return None
    return next(iter(parse_filters([(PREFIXES[Operator(how)] + name, _code(name, parts.get(VALUE, "")))])), None)


def _code(name: str, value: str) -> str:
    """Countries are looked for by name or code."""
    if name != "country":
        return value.strip()
    codes = {known.casefold(): code for code, known in country_names().items()}
    return codes.get(value.strip().casefold(), value.strip().upper() if len(value.strip()) == 2 else value.strip())
