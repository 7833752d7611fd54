"""Numbers, dates and names as people read them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from dashboard.answer import Metric
from dashboard.buckets import Bucket, Granularity
from dashboard.formulas import RATES, REVENUE
from dashboard.locale import format_day, format_fraction, format_hour, format_integer, format_money
from dashboard.period import CUSTOM, Period

UNKNOWN = "–"

PERIOD_NAMES = {
    "day": "Today",
    "yesterday": "Yesterday",
    "7d": "Last 7 days",
    "28d": "Last 28 days",
    "30d": "Last 30 days",
    "91d": "Last 91 days",
    "month": "This month",
    "6mo": "Last 6 months",
    "12mo": "Last 12 months",
    "year": "This year",
    "all": "All time",
}
_FIRST_COMPACT = 1_000_000
DURATIONS = frozenset(("visit_duration", "time_on_page"))  # in seconds

# Why a beacon was not counted, after a number.
REJECTION_NAMES = {
    "malformed": "malformed",
    "unknown_site": "for an unknown site",
    "hostname": "from another host",
    "opt_out": "opted out",
    "prefetch": "fetched ahead and not seen",
    "bot": "from bots",
    "forged": "with forged headers",
    "spam": "from referrer spam",
    "blocked_address": "from blocked addresses",
    "blocked_path": "for blocked pages",
    "blocked_country": "from blocked countries",
    "rate_limit": "over the rate limit",
    "duplicate": "sent twice",
    "no_visit": "without a visit to add to",
}

# The same as a heading, and what it means.
REJECTION_MEANINGS: Mapping[str, tuple[str, str]] = {
    "malformed": ("Malformed", "Not a beacon as the protocol has it."),
    "unknown_site": ("Unknown site", "It named a site that is not in the settings."),
    "hostname": ("Another host", "The page was on a host that is not one of the site's."),
    "opt_out": ("Opted out", "The browser asked not to be counted."),
    "prefetch": ("Fetched ahead", "A page that a browser prepared and nobody saw."),
    "bot": ("Bots", "The sender is a known program, or says so itself."),
    "forged": ("Forged headers", "Its headers contradict each other in a way that no browser's do."),
    "spam": ("Referrer spam", "It came with a referrer that is known for advertising itself in statistics."),
    "blocked_address": ("Blocked address", "It came from a network that the settings block."),
    "blocked_path": ("Blocked page", "The settings leave this page out."),
    "blocked_country": ("Blocked country", "It came from a country that the settings block."),
    "rate_limit": ("Rate limit", "One visitor or one site sent more than the settings allow."),
    "duplicate": ("Sent twice", "The same beacon had arrived before."),
    "no_visit": ("No visit", "A sign of attention to a visit that is not there, or long over."),
}


def format_metric(metric: str, value: Metric, currency: str = "") -> str:
    """Return a metric's value: `1,234`, `2.50`, `43%`, `1m 20s`, `€12.30`; a dash where there is none."""
    if value is None:
        return UNKNOWN
    if metric in REVENUE:
        return format_money(value, currency)
    if metric in RATES:
        return f"{format_fraction(value, 0 if value == int(value) else 1)}%"
    if metric in DURATIONS:
        return format_duration(int(value))
    if metric == "views_per_visit":
        return format_fraction(value, 2)
    return format_count(int(value))


def format_count(count: int) -> str:
    """Return `123,456`, and from a million on `1.23M`."""
    if count < _FIRST_COMPACT:
        return format_integer(count)
    millions = count / 1_000_000
    return f"{format_fraction(millions, 2)}M" if millions < 1000 else f"{format_fraction(millions / 1000, 2)}B"


def format_duration(seconds: int) -> str:
    """Return `45s`, `2m 5s`, `1h 3m`."""
    minutes, rest = divmod(seconds, 60)
    if minutes == 0:
        return f"{rest}s"
    if minutes < 60:
        return f"{minutes}m {rest}s" if rest else f"{minutes}m"
    return f"{minutes // 60}h {minutes % 60}m" if minutes % 60 else f"{minutes // 60}h"


def name_period(period: Period) -> str:
    """Return `Last 7 days`, or the dates of a custom one."""
    return name_dates(period) if period.name == CUSTOM else PERIOD_NAMES[period.name]


def name_dates(period: Period) -> str:
    """Return `10 Mar 2026`, or `1 Feb – 10 Mar 2026`."""
    if period.days == 1:
        return _day_month_year(period.start)
    if period.start.year == period.last.year:
        return f"{_day_month(period.start)} – {_day_month_year(period.last)}"
    return f"{_day_month_year(period.start)} – {_day_month_year(period.last)}"


def name_day(day: date) -> str:
    """Return `10 Mar 2026`."""
    return _day_month_year(day)


def name_comparison(earlier: Period) -> str:
    """Return `vs. 1 – 28 Feb 2026`; with a day that is not over, `vs. 9 Mar 2026, up to the same hour`."""
    return f"vs. {name_dates(earlier)}{', up to the same hour' if earlier.until is not None else ''}"


def describe_strays(hits: Mapping[str, int]) -> str:
    """Return `3 beacons named no site of footfall.toml, 5 were malformed` from reason → hits; empty without any."""
    unknown, malformed = hits.get("unknown_site", 0), hits.get("malformed", 0)
    parts = []
    if unknown:
        parts.append(f"{format_count(unknown)} {_beacons(unknown)} named no site of footfall.toml")
    if malformed:
        subject = "" if unknown else f"{_beacons(malformed)} "
        parts.append(f"{format_count(malformed)} {subject}{'was' if malformed == 1 else 'were'} malformed")
    return ", ".join(parts)


def name_bucket(bucket: Bucket, period: Period, granularity: Granularity) -> str:
    """Return `Tue 10 Mar`, `14:00 – 15:00`, `March 2026`, `Week of 9 Mar`."""
    if isinstance(bucket, int):
        start = datetime.fromtimestamp(bucket, UTC).astimezone(period.zone)
        end = format_hour((start + timedelta(hours=1)).time())
        day = "" if period.days == 1 else f"{_day_month(start.date())}, "
        return f"{day}{format_hour(start.time())} – {end}"
    if granularity is Granularity.MONTH:
        return format_day(bucket, "yMMMM")
    return f"Week of {_day_month(bucket)}" if granularity is Granularity.WEEK else format_day(bucket, "MMMEd")


def abbreviate_bucket(bucket: Bucket, period: Period, granularity: Granularity) -> str:
    """Return what fits below an axis: `14:00`, `10 Mar`, `Mar`; a year with its January."""
    if isinstance(bucket, int):
        start = datetime.fromtimestamp(bucket, UTC).astimezone(period.zone)
        is_midnight = period.days > 1 and start.hour == 0
        return _day_month(start.date()) if is_midnight else format_hour(start.time())
    if granularity is Granularity.MONTH:
        return format_day(bucket, "yMMM" if bucket.month == 1 else "MMM")
    return _day_month(bucket)


def _beacons(count: int) -> str:
    return "beacon" if count == 1 else "beacons"


def _day_month(day: date) -> str:
    return format_day(day, "MMMd")


def _day_month_year(day: date) -> str:
    return format_day(day, "yMMMd")
