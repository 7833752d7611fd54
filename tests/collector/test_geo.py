import zoneinfo

import pytest

from collector.geo import load_countries

COUNTRIES = load_countries()
NOWHERE = ("Etc/", "Antarctica/", "CET", "CST6CDT", "EET", "EST", "HST", "MET", "MST", "PST8PDT", "WET", "Factory",
           "GMT", "Greenwich", "UCT", "UTC", "Universal", "Zulu", "localtime")  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "country"),
    [
        ("Europe/Berlin", "DE"),
        ("America/New_York", "US"),
        ("Asia/Kathmandu", "NP"),
        ("Africa/Accra", "GH"),  # an alias of Abidjan's clock, but another country
        ("Asia/Calcutta", "IN"),  # old names, which browsers still say
        ("Europe/Kiev", "UA"),
        ("Asia/Katmandu", "NP"),
        ("US/Pacific", "US"),
        ("Iceland", "IS"),
        ("Africa/Timbuktu", "ML"),
        ("America/Coral_Harbour", "CA"),
    ],
)
def test_a_time_zone_lies_in_a_country(zone: str, country: str) -> None:
    assert COUNTRIES[zone] == country


@pytest.mark.parametrize("zone", ["UTC", "Etc/GMT+5", "CET", "EST", "Mars/Olympus", ""])
def test_a_clock_of_no_place_lies_in_none(zone: str) -> None:
    assert zone not in COUNTRIES


def test_every_zone_of_a_place_has_a_country() -> None:
    places = {zone for zone in zoneinfo.available_timezones() if not zone.startswith(NOWHERE)}
    assert places - COUNTRIES.keys() == set()
