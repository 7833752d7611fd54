import os
import re
import threading
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector import place
from collector.geo import load_countries
from collector.place import NOWHERE, Place, Places, load_database, read_place
from schema.errors import SettingError
from support.mmdb import make_mmdb

COUNTRIES = load_countries()
BERLIN = {
    "city": {"geoname_id": 2950159, "names": {"de": "Berlin", "en": "Berlin", "ja": "ベルリン"}},
    "continent": {"code": "EU", "names": {"en": "Europe"}},
    "country": {"geoname_id": 2921044, "is_in_european_union": True, "iso_code": "DE", "names": {"en": "Germany"}},
    "location": {"accuracy_radius": 5, "latitude": 52.5, "longitude": 13.4, "time_zone": "Europe/Berlin"},
    "postal": {"code": "10115"},
    "registered_country": {"iso_code": "US", "names": {"en": "United States"}},
    "subdivisions": [{"geoname_id": 2950157, "iso_code": "BE", "names": {"en": "Land Berlin"}}],
}
LYON = {"country": {"iso_code": "FR"}, "city": {"names": {"en": "Lyon"}}}
KNOWN, KNOWN6, UNKNOWN = "192.0.2.7", "2001:db8:1:2::5", "203.0.113.9"


def packed(text: str) -> bytes:
    address = ip_address(text).packed
    return address if len(address) == 4 else address[:8]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "city.mmdb"
    path.write_bytes(make_mmdb({"192.0.2.0/24": BERLIN, "2001:db8:1::/48": BERLIN, "198.51.100.0/24": {"city": "?"}}))
    return path


def replace_by_move(path: Path, content: bytes) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_bytes(content)
    fresh.rename(path)


def overwrite(path: Path, content: bytes) -> None:
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (BERLIN, Place("DE", "DE-BE", "Berlin")),
        ({"country": {"iso_code": "DE"}}, Place("DE")),
        (LYON, Place("FR", "", "Lyon")),
        (  # the largest subdivision comes first
            {"country": {"iso_code": "GB"}, "subdivisions": [{"iso_code": "ENG"}, {"iso_code": "OXF"}]},
            Place("GB", "GB-ENG"),
        ),
        ({"country": {"iso_code": "US"}, "subdivisions": [{"names": {"en": "California"}}]}, Place("US")),
        ({"country": {"iso_code": "US"}, "subdivisions": [{"iso_code": "US-CA"}]}, Place("US", "US-CA")),
        ({"country": "US", "region": "California", "city": "Mountain View"}, Place("US", "", "Mountain View")),
        ({"country": "United States", "country_code": "US", "region_code": "CA"}, Place("US", "US-CA")),
        ({"country_code": "at", "city": "Wien", "state1": "Wien"}, Place("AT", "", "Wien")),
        ({"country": {"iso_code": "EU"}}, NOWHERE),
        ({"country": {"iso_code": "XX"}, "city": "Nowhere"}, NOWHERE),
        ({"country": {"iso_code": "A1"}}, NOWHERE),
        ({"country": {"names": {"en": "Germany"}}}, NOWHERE),
        ({"registered_country": {"iso_code": "US"}}, NOWHERE),  # where the network is registered, not where it is
        ({"country": "DE", "city": "-"}, Place("DE")),
        ({"country": "DE", "city": "Ber\nlin"}, Place("DE")),
        ({"country": "DE", "city": "x" * 81}, Place("DE")),
        ({"country": "DE", "city": {"names": ["Berlin"]}, "subdivisions": {"iso_code": "BE"}}, Place("DE")),
        ({"autonomous_system_number": 64496}, NOWHERE),
        ([BERLIN], NOWHERE),
        (None, NOWHERE),
    ],
)
def test_a_record_tells_of_a_place(record: Any, expected: Place) -> None:
    assert read_place(record) == expected


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["country", "iso_code", "names", "en", "city", "subdivisions"]), inner)
    ),
)


@given(anything)
def test_no_record_breaks_it(record: Any) -> None:
    found = read_place(record)
    assert re.fullmatch(r"([A-Z]{2})?", found.country)
    assert re.fullmatch(r"([A-Z]{2}-[A-Z0-9]{1,3})?", found.region)


def test_the_database_wins_over_the_time_zone(path: Path) -> None:
    places = Places(COUNTRIES, str(path))
    assert places.locate(packed(KNOWN), "America/New_York") == Place("DE", "DE-BE", "Berlin")
    assert places.locate(packed(KNOWN6), "") == Place("DE", "DE-BE", "Berlin")


@pytest.mark.parametrize("address", [packed(UNKNOWN), packed("2001:db8:ffff::1"), packed("198.51.100.7"), b""])
def test_what_the_database_does_not_know_is_in_the_country_of_the_time_zone(path: Path, address: bytes) -> None:
    assert Places(COUNTRIES, str(path)).locate(address, "Asia/Tokyo") == Place("JP")
    assert Places(COUNTRIES, str(path)).locate(address, "Mars/Olympus") == NOWHERE
    assert Places(COUNTRIES).locate(address, "Asia/Tokyo") == Place("JP")


@pytest.mark.parametrize("put", [replace_by_move, overwrite])
def test_a_new_file_is_used_once_it_stands_still(path: Path, put: Any) -> None:
    places = Places(COUNTRIES, str(path))
    places.locate(packed(KNOWN), "")
    put(path, make_mmdb({"192.0.2.0/24": LYON}))
    places.refresh()
    assert places.locate(packed(KNOWN), "").country == "DE"  # it may still be being written
    places.refresh()
    assert places.locate(packed(KNOWN), "") == Place("FR", "", "Lyon")
    assert places.warning() == ""


@pytest.mark.parametrize("put", [replace_by_move, overwrite])
@pytest.mark.parametrize("content", [b"", b"<html>", make_mmdb({"192.0.2.0/24": LYON})[:60]])
def test_a_broken_new_file_is_reported_while_the_old_one_goes_on_being_used(
    path: Path, put: Any, content: bytes
) -> None:
    old = path.read_bytes()
    places = Places(COUNTRIES, str(path))
    put(path, content)
    for _ in range(3):
        places.refresh()
    assert "collector.geo_database: it is not a MaxMind DB file" in places.warning()
    assert places.locate(packed(KNOWN), "") == Place("DE", "DE-BE", "Berlin")
    put(path, old)
    places.refresh()
    places.refresh()
    assert places.warning() == ""


def test_a_file_that_has_gone_is_reported_until_it_is_back(path: Path) -> None:
    places = Places(COUNTRIES, str(path))
    away = path.rename(path.with_suffix(".away"))
    places.refresh()
    places.refresh()
    assert "cannot be read (No such file or directory)" in places.warning()
    assert places.locate(packed(KNOWN), "").country == "DE"
    away.rename(path)
    places.refresh()
    assert places.warning() == ""


def test_a_file_that_is_cut_while_it_is_used_harms_nobody(path: Path) -> None:
    places = Places(COUNTRIES, str(path))
    os.truncate(path, 10)
    assert places.locate(packed(KNOWN), "") == Place("DE", "DE-BE", "Berlin")


def test_a_record_that_cannot_be_read_is_reported_and_the_time_zone_tells(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content.replace(b"\x47country", b"\x47countr\xff"))
    places = Places(COUNTRIES, str(path))
    assert places.locate(packed(KNOWN), "Asia/Tokyo") == Place("JP")
    assert "a record of collector.geo_database cannot be read" in places.warning()


@pytest.mark.parametrize("content", [b"", b"<html>", None])
def test_a_start_without_the_file_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "city.mmdb"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingError, match="a MaxMind-format file") as caught:
        load_database(str(path))
    assert (caught.value.name, caught.value.value) == ("collector.geo_database", str(path))


@pytest.mark.parametrize("content", [b"<html>", None])
def test_a_worker_that_starts_again_without_the_file_tells_the_country_until_it_is_back(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "city.mmdb"
    if content is not None:
        path.write_bytes(content)
    places = Places(COUNTRIES, str(path))
    for _ in range(3):
        assert places.locate(packed(KNOWN), "Asia/Tokyo") == Place("JP")
        assert "places are told by time zone" in places.warning()
        places.refresh()
    replace_by_move(path, make_mmdb({"192.0.2.0/24": BERLIN}))
    places.refresh()
    places.refresh()
    assert places.locate(packed(KNOWN), "Asia/Tokyo").city == "Berlin"
    assert places.warning() == ""


def test_a_directory_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="Is a directory"):
        load_database(str(tmp_path))


def test_without_a_database_there_is_nothing_to_read_again() -> None:
    places = Places(COUNTRIES)
    places.refresh()
    assert places.warning() == ""


def test_few_records_are_kept_and_no_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "_MAX_PLACES", 10)
    path = tmp_path / "city.mmdb"
    cities = {f"192.0.2.{number}/32": {"country": "DE", "city": f"City {number}"} for number in range(100)}
    path.write_bytes(make_mmdb(cities))
    places = Places(COUNTRIES, str(path))
    for number in range(100):
        assert places.locate(packed(f"192.0.2.{number}"), "").city == f"City {number}"
    assert places._current is not None
    kept = places._current.places
    assert len(kept) <= 10
    assert all(isinstance(key, int) and isinstance(value, Place) for key, value in kept.items())
    assert max(kept) < path.stat().st_size  # places in the file


def test_it_finds_places_while_the_file_is_read_again(path: Path) -> None:
    contents = [make_mmdb({"192.0.2.0/24": record}) for record in (BERLIN, LYON)]
    places, has_ended = Places(COUNTRIES, str(path)), threading.Event()

    def change() -> None:
        for number in range(60):
            replace_by_move(path, contents[number % 2])
            places.refresh()
            places.refresh()
        has_ended.set()

    thread = threading.Thread(target=change)
    thread.start()
    seen = set()
    while not has_ended.is_set():
        seen.add(places.locate(packed(KNOWN), ""))
    thread.join()
    assert seen <= {Place("DE", "DE-BE", "Berlin"), Place("FR", "", "Lyon")}
