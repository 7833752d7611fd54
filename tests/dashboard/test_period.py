"""Periods: names, dates, and what each is compared with."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.period import NAMED, Period, local_day, parse_dates, parse_period, previous
from schema.errors import QueryError

BERLIN = ZoneInfo("Europe/Berlin")
TODAY = date(2026, 3, 31)


def millis(text: str, zone: ZoneInfo = BERLIN) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)


NOON = millis("2026-03-31T12:30")


@pytest.mark.parametrize(
    ("name", "start", "last"),
    [
        ("day", "2026-03-31", "2026-03-31"),
        ("yesterday", "2026-03-30", "2026-03-30"),
        ("7d", "2026-03-25", "2026-03-31"),
        ("28d", "2026-03-04", "2026-03-31"),
        ("30d", "2026-03-02", "2026-03-31"),
        ("91d", "2025-12-31", "2026-03-31"),
        ("month", "2026-03-01", "2026-03-31"),
        ("6mo", "2025-10-01", "2026-03-31"),
        ("12mo", "2025-04-01", "2026-03-31"),
        ("year", "2026-01-01", "2026-03-31"),
        ("all", "1970-01-01", "2026-03-31"),
    ],
)
def test_a_named_period_ends_today_unless_it_is_yesterday(name: str, start: str, last: str) -> None:
    period = parse_period(name, TODAY, BERLIN)
    assert (period.start.isoformat(), period.last.isoformat()) == (start, last)


@pytest.mark.parametrize(
    ("name", "start", "last"),
    [
        ("yesterday", "2026-03-29", "2026-03-29"),
        ("7d", "2026-03-18", "2026-03-24"),
        ("30d", "2026-01-31", "2026-03-01"),
        ("month", "2026-02-01", "2026-02-28"),
        ("6mo", "2025-04-01", "2025-09-30"),
        ("12mo", "2024-04-01", "2025-03-31"),
        ("year", "2025-01-01", "2025-03-31"),
    ],
)
def test_a_period_is_compared_with_the_one_just_before(name: str, start: str, last: str) -> None:
    earlier = previous(parse_period(name, TODAY, BERLIN), NOON)
    assert earlier
    assert (earlier.start.isoformat(), earlier.last.isoformat(), earlier.until) == (start, last, None)


def test_today_is_compared_with_yesterday_up_to_the_same_hour() -> None:
    earlier = previous(parse_period("day", TODAY, BERLIN), NOON)
    assert earlier
    assert earlier.start == date(2026, 3, 30)
    assert earlier.until == millis("2026-03-30T12:30") // 1000


def test_there_is_nothing_before_everything() -> None:
    assert previous(parse_period("all", TODAY, BERLIN), NOON) is None
    assert previous(parse_dates("1970-01-05", "1970-02-05", BERLIN), NOON) is None


@pytest.mark.parametrize("name", ["", "week", "7", "7D", "-7d", "8d", "custom", "2026-03-01"])
def test_an_unknown_name_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(QueryError, match="7d") as refused:
        parse_period(name, TODAY, BERLIN)
    assert refused.value.field == "date_range"


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-03-02", "2026-03-01"),
        ("2026-02-30", "2026-03-01"),
        ("2026-03-01T10:00:00", "2026-03-02"),
        ("", ""),
        ("0001-01-01", "2026-01-01"),
        ("2026-01-01", "9999-12-31"),
    ],
)
def test_dates_that_are_none_or_out_of_order_are_refused(first: str, last: str) -> None:
    with pytest.raises(QueryError):
        parse_dates(first, last, BERLIN)


def test_dates_are_included_on_both_ends() -> None:
    period = parse_dates("2026-03-01", "2026-03-03", BERLIN)
    assert (period.start, period.end, period.days) == (date(2026, 3, 1), date(2026, 3, 4), 3)


def test_the_day_is_the_sites_own() -> None:
    at = millis("2026-03-10T23:30", ZoneInfo("UTC"))
    assert local_day(at, ZoneInfo("Asia/Tokyo")) == date(2026, 3, 11)
    assert local_day(at, ZoneInfo("America/New_York")) == date(2026, 3, 10)


@settings(deadline=None)
@given(
    st.sampled_from(sorted(set(NAMED) - {"all"})),
    st.dates(date(1990, 1, 1), date(2099, 1, 1)),
)
def test_no_day_is_in_both_a_period_and_the_one_before(name: str, today: date) -> None:
    period = parse_period(name, today, BERLIN)
    now = int(datetime(today.year, today.month, today.day, 12, tzinfo=UTC).timestamp() * 1000)
    earlier = previous(period, now)
    assert earlier
    assert earlier.start < earlier.end <= period.start
    assert abs(earlier.days - period.days) <= 3


@settings(deadline=None)
@given(st.dates(date(1990, 1, 1), date(2099, 1, 1)), st.integers(1, 400))
def test_custom_periods_are_followed_by_themselves(first: date, days: int) -> None:
    period = Period("custom", first, first + timedelta(days=days), BERLIN)
    earlier = previous(period, 0)
    assert earlier
    assert (earlier.end, earlier.days) == (period.start, days)
