"""Buckets of time: the hours, days, weeks or months of a period, as the store names them and as people do. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from dashboard.period import Period, day_start, local_day

_QUARTER_SECONDS = 900  # every zone's clocks change at such a minute
_LONGEST_IN_DAYS = 92  # days; a longer period is shown in months

Bucket = int | date  # an hour is the second since the epoch at which it begins; the others are local dates


class Granularity(StrEnum):
    """How long a bucket is."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"  # from Monday
    MONTH = "month"


def granularity_of(dimension: str, period: Period) -> Granularity | None:
    """Return the granularity that a dimension asks for; `time` leaves it to the period's length."""
    if dimension != "time":
        return Granularity(dimension.removeprefix("time:")) if dimension.startswith("time:") else None
    if period.days == 1 or period.since is not None:
        return Granularity.HOUR
    return Granularity.DAY if period.days <= _LONGEST_IN_DAYS else Granularity.MONTH


def count_buckets(period: Period, granularity: Granularity) -> int:
    """Return about how many buckets the period has: an upper bound, quickly."""
    return {
        Granularity.HOUR: period.days * 25,
        Granularity.DAY: period.days,
        Granularity.WEEK: period.days // 7 + 2,
        Granularity.MONTH: period.days // 28 + 2,
    }[granularity]


def buckets(period: Period, granularity: Granularity) -> list[Bucket]:
    """Return every bucket that has a day or hour of the period, in order.

    A week that begins before the period is named by the period's first day, a month always by its own.
    """
    if granularity is Granularity.HOUR:
        hours = (hour for day in _days(period) for hour in _hours(day, period))
        return [hour for hour in hours if period.since is None or hour >= period.since]
    return list(dict.fromkeys(bucket_of(day, period, granularity) for day in _days(period)))


def bucket_of(day: date, period: Period, granularity: Granularity) -> date:
    """Return the bucket of a local date; not for hours."""
    if granularity is Granularity.WEEK:
        return max(day - timedelta(days=day.weekday()), period.start)
    if granularity is Granularity.MONTH:
        return day.replace(day=1)
    return day


def has_begun(bucket: Bucket, period: Period, now_ms: int) -> bool:
    """Whether there can be counts in the bucket yet."""
    if isinstance(bucket, int):
        return bucket * 1000 <= now_ms
    return bucket <= local_day(now_ms, period.zone)


def label(bucket: Bucket, period: Period) -> str:
    """Return `2026-03-29`, or `2026-03-29 14:00:00` for an hour, in the site's time zone.

    The hour that a clock change repeats has its offset with it the second time, so that no two labels are equal.
    """
    if not isinstance(bucket, int):
        return bucket.isoformat()
    local = datetime.fromtimestamp(bucket, UTC).astimezone(period.zone)
    return local.isoformat(" ") if local.fold else local.replace(tzinfo=None).isoformat(" ")


def _days(period: Period) -> Iterator[date]:
    return (period.start + timedelta(days=number) for number in range(period.days))


def _hours(day: date, period: Period) -> Iterator[int]:
    """Each local hour of `day` once: 23 to 25 of them, of 30 to 120 minutes where clocks change."""
    instants = range(day_start(day, period.zone), day_start(day + timedelta(days=1), period.zone), _QUARTER_SECONDS)
    return iter(dict.fromkeys(_hour_start(instant, period.zone) for instant in instants))


def _hour_start(instant: int, zone: ZoneInfo) -> int:
    """The start of the local hour as the counts have it: at the skip, where clocks skip it."""
    local = datetime.fromtimestamp(instant, zone)
    return min(int(local.replace(minute=0, second=0).timestamp()), instant)
