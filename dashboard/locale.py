"""How the reader writes numbers and dates: by the Accept-Language of the request, British English without one.

The words stay English; only separators, the order of a date and the names of months and days are the reader's.
"""

from __future__ import annotations

import functools
from contextvars import ContextVar
from copy import copy
from datetime import date, time

from babel import Locale, UnknownLocaleError
from babel.dates import format_skeleton, format_time
from babel.numbers import format_currency, format_decimal

from schema.currencies import EXPONENTS

DEFAULT = Locale("en", "GB")
_MOST_LANGUAGES = 8  # of those that a browser names

READER: ContextVar[Locale] = ContextVar("READER", default=DEFAULT)


@functools.lru_cache(256)
def choose_locale(accepted: str) -> Locale:
    """Return the locale that an Accept-Language header likes best."""
    wanted = sorted(map(_weighed, accepted.split(",")[:_MOST_LANGUAGES]), key=lambda one: -one[1])
    for name, weight in wanted:
        if weight > 0 and (locale := _locale(name)):
            return locale
    return DEFAULT


def language_tag() -> str:
    """Return the reader's locale as browsers write it."""
    return str(READER.get()).replace("_", "-")


def format_integer(count: int) -> str:
    """Return `1,234` as the reader writes it."""
    return _number(count, "#,##0", READER.get())


def format_fraction(value: float, decimals: int) -> str:
    """Return `2.50` as the reader writes it."""
    return _number(round(value, decimals), f"#,##0.{'0' * decimals}", READER.get())


def format_money(minor_units: float, currency: str) -> str:
    """Return an amount of minor units as `€12.30`, or `12,30 €`; without a currency, as a number."""
    if currency not in EXPONENTS:
        return format_integer(round(minor_units))
    decimals = EXPONENTS[currency]
    locale = READER.get()
    pattern = copy(locale.currency_formats["standard"])
    pattern.frac_prec = (decimals, decimals)
    return str(
        format_currency(
            minor_units / 10**decimals,
            currency,
            pattern,
            locale=locale,
            currency_digits=False,
            numbering_system="latn",
        )
    )


def format_day(day: date, skeleton: str) -> str:
    """Return a date with the fields of a CLDR skeleton such as `yMMMd`."""
    return _day(day, skeleton, READER.get())


def format_hour(clock: time) -> str:
    """Return `14:00`, or `2:00 PM`."""
    return format_time(clock, "short", locale=READER.get())


@functools.lru_cache(4096)
def _number(value: float, pattern: str, locale: Locale) -> str:
    return format_decimal(value, pattern, locale=locale, numbering_system="latn")


@functools.lru_cache(4096)
def _day(day: date, skeleton: str, locale: Locale) -> str:
    return str(format_skeleton(skeleton, day, fuzzy=True, locale=locale))


def _weighed(item: str) -> tuple[str, float]:
    name, _, weight = item.strip().partition(";q=")
    try:
        return name.strip(), float(weight or 1)
    except ValueError:
        return "", 0.0


def _locale(name: str) -> Locale | None:
    if not name or len(name) > 20 or not name.replace("-", "").isalnum():
        return None
    try:
        return DEFAULT if name.casefold() == "en" else Locale.parse(name, sep="-")
    except (UnknownLocaleError, ValueError):
        return None
