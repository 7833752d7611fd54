"""Instants → the local day and hour of the site, whatever its time zone does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

MINUTE_MS = 60_000
_EPOCH = date(1970, 1, 1)


def local_hour(at_ms: int, zone: tzinfo) -> tuple[date, int]:
    """Return the local date at `at_ms`, and the start of the local clock hour in seconds since the epoch.

    Where clocks go back by an hour the hour that comes twice is two hours; where they go back by half an hour, one
    long one. Where they skip the start of an hour it starts at the skip.
    """
    local = datetime.fromtimestamp(at_ms // 1000, zone)
    start = int(local.replace(minute=0, second=0).timestamp())
    return local.date(), start if start * 1000 <= at_ms else _hour_after_skip(local)


def _hour_after_skip(local: datetime) -> int:
    """Return when clocks skipped into the local hour, whose whole hour never was (Chatham: from 2:45 to 3:45)."""
    minute = int(local.timestamp()) // 60
    while datetime.fromtimestamp((minute - 1) * 60, local.tzinfo).hour == local.hour:
        minute -= 1
    return minute * 60


class LocalTime:
    """The time zones of the sites; a site without one has UTC."""

    def __init__(self, zones: Mapping[str, tzinfo]) -> None:
        self._zones = dict(zones)

    def hours(
        self, sites: Sequence[str], site: NDArray[np.int64], at_ms: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the local days (days since the epoch) and hours (seconds since the epoch) of many instants.

        `site` holds the position in `sites` of each instant's site. No zone changes its clocks within a minute, so
        each distinct minute is looked up once.
        """
        zones = [self._zone(name) for name in sites]
        of_minute = at_ms // MINUTE_MS * len(zones) + site
        places, distinct = pd.factorize(of_minute)
        found = [local_hour(int(key) // len(zones) * MINUTE_MS, zones[int(key) % len(zones)]) for key in distinct]
        days = np.array([(day - _EPOCH).days for day, _ in found], np.int64)
        hours = np.array([hour for _, hour in found], np.int64)
        return days[places], hours[places]

    def first_day(self, at_ms: int) -> date:
        """Return the earliest local date that any site has at this instant."""
        return min(datetime.fromtimestamp(at_ms / 1000, zone).date() for zone in (UTC, *self._zones.values()))

    def _zone(self, site: str) -> tzinfo:
        return self._zones.get(site, UTC)
