"""Buckets of time, over clock changes too."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.buckets import Granularity, bucket_of, buckets, count_buckets, granularity_of, has_begun, label
from dashboard.period import Period, parse_dates

UTC = ZoneInfo("UTC")
ZONES = ["UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Santiago", "Pacific/Chatham"]


def labels(first: str, last: str, granularity: Granularity, zone: str = "UTC") -> list[str]:
    period = parse_dates(first, last, ZoneInfo(zone))
    return [label(bucket, period) for bucket in buckets(period, granularity)]


def test_a_day_has_twenty_four_hours() -> None:
    hours = labels("2026-03-10", "2026-03-10", Granularity.HOUR, "Asia/Kathmandu")
    assert hours == [f"2026-03-10 {hour:02d}:00:00" for hour in range(24)]


def test_the_hour_that_clocks_skip_is_not_there() -> None:
    hours = labels("2026-03-29", "2026-03-29", Granularity.HOUR, "Europe/Berlin")
    assert len(hours) == 23
    assert "2026-03-29 02:00:00" not in hours


def test_the_hour_that_comes_twice_is_there_twice_under_two_names() -> None:
    hours = labels("2026-10-25", "2026-10-25", Granularity.HOUR, "Europe/Berlin")
    assert hours[2:5] == ["2026-10-25 02:00:00", "2026-10-25 02:00:00+01:00", "2026-10-25 03:00:00"]


def test_weeks_begin_on_monday_but_not_before_the_period() -> None:
    weeks = labels("2026-03-04", "2026-03-17", Granularity.WEEK)
    assert weeks == ["2026-03-04", "2026-03-09", "2026-03-16"]


def test_months_are_named_by_their_first_day() -> None:
    assert labels("2026-01-15", "2026-03-01", Granularity.MONTH) == ["2026-01-01", "2026-02-01", "2026-03-01"]


@pytest.mark.parametrize(
    ("dimension", "last", "expected"),
    [
        ("time", "2026-01-01", "hour"),
        ("time", "2026-01-02", "day"),
        ("time", "2026-04-02", "day"),
        ("time", "2026-04-03", "month"),
        ("time:week", "2026-01-01", "week"),
        ("event:page", "2026-01-01", None),
    ],
)
def test_time_alone_chooses_by_the_length_of_the_period(dimension: str, last: str, expected: str | None) -> None:
    assert granularity_of(dimension, parse_dates("2026-01-01", last, UTC)) == expected


def test_a_bucket_has_begun_at_its_first_instant() -> None:
    period = Period("custom", date(2026, 3, 10), date(2026, 3, 12), ZoneInfo("Asia/Tokyo"))
    midnight = 1_773_068_400_000  # of 10 March in Tokyo
    assert has_begun(date(2026, 3, 10), period, midnight)
    assert not has_begun(date(2026, 3, 10), period, midnight - 1)
    assert has_begun(midnight // 1000, period, midnight)
    assert not has_begun(midnight // 1000, period, midnight - 1)


@settings(deadline=None)
@given(st.sampled_from(ZONES), st.dates(date(2025, 1, 1), date(2027, 1, 1)), st.sampled_from(list(Granularity)))
def test_buckets_are_in_order_and_have_names_of_their_own(zone: str, day: date, granularity: Granularity) -> None:
    period = parse_dates(day.isoformat(), date.fromordinal(day.toordinal() + 20).isoformat(), ZoneInfo(zone))
    found = buckets(period, granularity)
    assert found == sorted(set(found))  # type: ignore[type-var]
    assert len({label(bucket, period) for bucket in found}) == len(found)
    assert len(found) <= count_buckets(period, granularity)
    if granularity is not Granularity.HOUR:
        assert bucket_of(period.last, period, granularity) == found[-1]
