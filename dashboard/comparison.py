"""What a period is compared with: the one before it, the same a year earlier, dates of choice, or nothing. Pure."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from dashboard.period import ALL, CUSTOM, EARLIEST, Period, local_day, parse_dates, previous

PREVIOUS, YEAR, OFF = "previous", "year", "off"
COMPARISON_NAMES: Mapping[str, str] = {
    PREVIOUS: "Period before",
    YEAR: "A year earlier",
    CUSTOM: "Other dates",
    OFF: "Nothing",
}


@dataclass(frozen=True)
class Against:
    """The choice; `period` goes with dates of choice."""

    name: str = PREVIOUS
    period: Period | None = None

    @property
    def parts(self) -> Mapping[str, str]:
        """How it stands in an address."""
        if self.name == PREVIOUS:
            return {}
        if self.period is None:
            return {"compare": self.name}
        dates = {"against": self.period.start.isoformat(), "until": self.period.last.isoformat()}
        return {"compare": CUSTOM, **dates}


def parse_against(parts: Mapping[str, str], period: Period) -> Against:
    """Return the choice in the parts of an address, the period before by default.

    Raises:
        QueryError: dates that are none.
    """
    name = parts.get("compare", PREVIOUS)
    if name == CUSTOM:
        return Against(CUSTOM, parse_dates(parts.get("against", ""), parts.get("until", ""), period.zone))
    return Against(name if name in (YEAR, OFF) else PREVIOUS)


def earlier_period(period: Period, against: Against, now_ms: int) -> Period | None:
    """Return what to compare `period` with; None for nothing."""
    if against.name == OFF or period.name == ALL:
        return None
    if against.name == CUSTOM:
        return against.period
    return _year_before(period, now_ms) if against.name == YEAR else previous(period, now_ms)


def _year_before(period: Period, now_ms: int) -> Period | None:
    """The same dates a year before; of a day that is not over, the hours up to this one."""
    start = _last_year(period.start)
    if start < EARLIEST:
        return None
    earlier = replace(period, start=start, end=_last_year(period.last) + timedelta(days=1))
    if period.days > 1 or period.start != local_day(now_ms, period.zone):
        return earlier
    clock = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(period.zone).time()
    return replace(earlier, until=int(datetime.combine(start, time(clock.hour, clock.minute), period.zone).timestamp()))


def _last_year(day: date) -> date:
    year = day.year - 1
    return date(year, day.month, min(day.day, calendar.monthrange(year, day.month)[1]))
