"""Periods: half-open ranges of a site's local dates, by name or from two dates, and the period before each. Pure."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from schema.errors import QueryError

EARLIEST, LATEST = date(1970, 1, 1), date(2100, 1, 1)  # what a Date holds, in old stores too
CUSTOM, ALL, LAST_HOURS = "custom", "all", "24h"

_DAY = timedelta(days=1)
_HOUR_SECONDS = 3600
_QUARTER_SECONDS = 900  # every zone's clocks change at such a minute


@dataclass(frozen=True)
class Period:
    """Local dates of a site, `start` included, `end` not.

    `since` and `until`, if set, leave out hours that begin before and after them; seconds since the epoch.
    """

    name: str
    start: date
    end: date
    zone: ZoneInfo
    until: int | None = None
    since: int | None = None

    @property
    def days(self) -> int:
        """How many."""
        return (self.end - self.start).days

    @property
    def is_unbounded(self) -> bool:
        """Whether it is `all` and its start is yet to be found."""
        return self.name == ALL and self.start == EARLIEST

    @property
    def last(self) -> date:
        """The last date inside."""
        return self.end - _DAY

    @property
    def instants(self) -> tuple[datetime, datetime]:
        """The first and the last second inside, the last one at the end of an hour."""
        first = day_start(self.start, self.zone) if self.since is None else self.since
        last = day_start(self.end, self.zone) - 1
        if self.until is not None:
            last = min(last, local_hour(self.until, self.zone) + _HOUR_SECONDS - 1)
        return datetime.fromtimestamp(first, self.zone), datetime.fromtimestamp(last, self.zone)


def local_day(now_ms: int, zone: ZoneInfo) -> date:
    """Return the date that it is in `zone`."""
    return datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(zone).date()


def parse_period(text: str, today: date, zone: ZoneInfo) -> Period:
    """Return the period called `text`: `day`, `7d`, `month`, `12mo`, `year`, `all` …; each ends today.

    Raises:
        QueryError: there is none of that name.
    """
    if text not in NAMED:
        raise QueryError("date_range", f"is none of {', '.join(NAMED)}, and not two dates [from, to]")
    start, last = NAMED[text](today)
    return Period(text, start, last + _DAY, zone)


def parse_dates(first: str, last: str, zone: ZoneInfo) -> Period:
    """Return the period from the date `first` to the date `last`, both included, as YYYY-MM-DD.

    Raises:
        QueryError: one is not such a date, or `last` is before `first`.
    """
    start, end = _parse_date(first), _parse_date(last)
    if end < start:
        raise QueryError("date_range", "the period ends before it begins")
    return Period(CUSTOM, start, end + _DAY, zone)


def last_hours(now_ms: int, zone: ZoneInfo) -> Period:
    """Return the last 24 hours: the one that is not over, and the 23 before it."""
    first = (now_ms // 1000 - 23 * _HOUR_SECONDS) // _QUARTER_SECONDS * _QUARTER_SECONDS
    since = local_hour(first, zone)
    start = local_day(since * 1000, zone)
    return Period(LAST_HOURS, start, local_day(now_ms, zone) + _DAY, zone, since=since)


def parse_times(first: str, last: str, zone: ZoneInfo) -> Period:
    """Return the period from one instant to another, both of ISO 8601 with an offset (without: in `zone`).

    Raises:
        QueryError: one is no such instant, or they are not the first and last second of an hour of the site.
    """
    since, until = _parse_instant(first, zone), _parse_instant(last, zone)
    if until < since:
        raise QueryError("date_range", "the period ends before it begins")
    if local_hour(since, zone) != since or local_hour(until + 1, zone) not in (until, until + 1):
        raise QueryError(
            "date_range",
            "counts are kept by the site's local hour: begin like 12:00:00, and end like 15:59:59 or 16:00:00",
        )
    until -= int(local_hour(until, zone) == until)  # an end on the hour is not part of it
    start, end = local_day(since * 1000, zone), local_day(until * 1000, zone) + _DAY
    return Period(CUSTOM, start, end, zone, until, None if day_start(start, zone) == since else since)


def local_hour(instant: int, zone: ZoneInfo) -> int:
    """Return the start of the local hour of `instant` as the counts have it, in seconds since the epoch."""
    local = datetime.fromtimestamp(instant, zone)
    return int(instant - local.minute * 60 - local.second)


def a_year_before(period: Period) -> Period | None:
    """Return the same dates of the year before; None if there are none."""
    if period.name == ALL or period.start.year - 1 < EARLIEST.year:
        return None
    shift = day_start(period.start, period.zone) - day_start(_months_before(period.start, 12), period.zone)
    return replace(
        period,
        name=CUSTOM,
        start=_months_before(period.start, 12),
        end=_end_months_before(period.end, 12),
        since=None if period.since is None else period.since - shift,
        until=None if period.until is None else period.until - shift,
    )


def previous(period: Period, now_ms: int) -> Period | None:
    """Return the period to compare `period` with, as long and just before it; None if there is none.

    Months and years begin where the months before began: 1 to 10 March is compared with 1 to 10 February. A single
    day that is not over is compared with the day before up to the same hour.
    """
    if period.name == ALL:
        return None
    if period.since is not None:
        return _hours_before(period)
    if months := _MONTHS.get(period.name):
        return replace(period, start=_months_before(period.start, months), end=_end_months_before(period.end, months))
    earlier = replace(period, start=period.start - timedelta(days=period.days), end=period.start)
    if earlier.start < EARLIEST:
        return None
    is_today = period.days == 1 and period.start == local_day(now_ms, period.zone)
    return replace(earlier, until=_same_hour(now_ms, earlier.start, period.zone)) if is_today else earlier


def day_start(day: date, zone: ZoneInfo) -> int:
    """Return the instant at which `day` begins in `zone`, in seconds since the epoch."""
    return int(datetime.combine(day, time(), zone).timestamp())


def _parse_date(text: str) -> date:
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise QueryError(
            "date_range", "counts are kept per day: both dates have to be like 2026-03-31 (YYYY-MM-DD)"
        ) from None
    if not EARLIEST <= day < LATEST:
        raise QueryError("date_range", f"both dates have to be from {EARLIEST} to {LATEST - _DAY}")
    return day


def _parse_instant(text: str, zone: ZoneInfo) -> int:
    try:
        instant = datetime.fromisoformat(text)
        seconds = int((instant if instant.tzinfo else instant.replace(tzinfo=zone)).timestamp())
        day = local_day(seconds * 1000, zone)
    except (ValueError, OverflowError):
        raise QueryError("date_range", "takes instants like 2026-03-31T12:00:00+02:00 (ISO 8601)") from None
    if not EARLIEST < day < LATEST - _DAY:
        raise QueryError("date_range", f"both dates have to be from {EARLIEST} to {LATEST - _DAY}")
    return seconds


def _hours_before(period: Period) -> Period:
    """As many days earlier as it touches, at the same hours."""
    days = timedelta(days=period.days)
    shift = day_start(period.start, period.zone) - day_start(period.start - days, period.zone)
    return replace(
        period,
        name=CUSTOM,
        start=period.start - days,
        end=period.end - days,
        since=None if period.since is None else period.since - shift,
        until=None if period.until is None else period.until - shift,
    )


def _same_hour(now_ms: int, day: date, zone: ZoneInfo) -> int:
    clock = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(zone).time()
    return int(datetime.combine(day, clock, zone).timestamp())


def _months_before(day: date, months: int) -> date:
    """Return the same day of an earlier month, or that month's last day where it is shorter."""
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _end_months_before(end: date, months: int) -> date:
    return _months_before(end - _DAY, months) + _DAY


def _last_days(count: int) -> Callable[[date], tuple[date, date]]:
    return lambda today: (today - timedelta(days=count - 1), today)


def _last_months(count: int) -> Callable[[date], tuple[date, date]]:
    return lambda today: (_months_before(today.replace(day=1), count - 1), today)


_MONTHS = {"month": 1, "6mo": 6, "12mo": 12, "year": 12}

# Name → today → (first date, last date).
NAMED: Mapping[str, Callable[[date], tuple[date, date]]] = {
    "day": _last_days(1),
    "yesterday": lambda today: (today - _DAY, today - _DAY),
    "7d": _last_days(7),
    "28d": _last_days(28),
    "30d": _last_days(30),
    "91d": _last_days(91),
    "month": _last_months(1),
    "6mo": _last_months(6),
    "12mo": _last_months(12),
    "year": lambda today: (today.replace(month=1, day=1), today),
    ALL: lambda today: (EARLIEST, today),
}
