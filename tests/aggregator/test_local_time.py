from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.local_time import LocalTime, local_hour

ODD_ZONES = [
    "Asia/Kathmandu",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Africa/Cairo",
    "Europe/Berlin",
]


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("zone", "at", "day", "hour"),
    [
        ("UTC", "2026-03-10T10:59:59.999", "2026-03-10", "2026-03-10T10:00"),
        ("Asia/Kathmandu", "2026-03-10T18:20", "2026-03-11", "2026-03-10T18:15"),  # a quarter past
        ("America/St_Johns", "2026-03-10T02:31", "2026-03-10", "2026-03-10T02:30"),  # half past
        ("Europe/Berlin", "2026-03-29T00:59", "2026-03-29", "2026-03-29T00:00"),  # before the hour that is skipped
        ("Europe/Berlin", "2026-03-29T01:01", "2026-03-29", "2026-03-29T01:00"),  # after it
        ("Europe/Berlin", "2026-10-25T00:30", "2026-10-25", "2026-10-25T00:00"),  # two o'clock
        ("Europe/Berlin", "2026-10-25T01:30", "2026-10-25", "2026-10-25T01:00"),  # two o'clock again
        ("Australia/Lord_Howe", "2026-04-04T15:10", "2026-04-05", "2026-04-04T14:00"),  # one o'clock lasts 90 minutes
        ("Pacific/Chatham", "2026-09-26T14:05", "2026-09-27", "2026-09-26T14:00"),  # 2:45 is followed by 3:45
    ],
)  # fmt: skip
def test_the_hour_starts_where_the_local_clock_says(zone: str, at: str, day: str, hour: str) -> None:
    assert local_hour(ms(at), ZoneInfo(zone)) == (date.fromisoformat(day), ms(hour) // 1000)


@given(
    at=st.datetimes(datetime(2024, 1, 1), datetime(2029, 1, 1)).map(lambda at: int(at.replace(tzinfo=UTC).timestamp())),
    zone=st.sampled_from(ODD_ZONES).map(ZoneInfo),
)
def test_an_hour_starts_in_itself_and_never_after_what_it_holds(at: int, zone: ZoneInfo) -> None:
    day, hour = local_hour(at * 1000, zone)
    local, start = datetime.fromtimestamp(at, zone), datetime.fromtimestamp(hour, zone)
    assert hour <= at < hour + 2 * 3600
    assert (start.date(), start.hour) == (local.date(), local.hour) == (day, local.hour)


def test_each_site_has_its_own_time_and_an_unknown_one_utc() -> None:
    local_time = LocalTime({"a.example": ZoneInfo("Asia/Kathmandu")})
    at = np.array([ms("2026-03-10T18:20")] * 3)
    days, hours = local_time.hours(["a.example", "b.example"], np.array([0, 1, 0]), at)
    assert (days - days[1]).tolist() == [1, 0, 1]
    assert (hours * 1000).tolist() == [ms("2026-03-10T18:15"), ms("2026-03-10T18:00"), ms("2026-03-10T18:15")]


def test_no_instants_are_no_hours() -> None:
    nothing = np.array([], np.int64)
    assert [found.tolist() for found in LocalTime({}).hours([], nothing, nothing)] == [[], []]


@pytest.mark.parametrize(("zone", "days_back"), [("America/Los_Angeles", 1), ("Asia/Tokyo", 0)])
def test_the_first_day_is_that_of_the_most_western_site(zone: str, days_back: int) -> None:
    local_time = LocalTime({"a.example": ZoneInfo(zone)})
    assert local_time.first_day(ms("2026-03-10T00:00")) == date(2026, 3, 10) - timedelta(days=days_back)
