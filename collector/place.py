"""Where a visitor is: country, region and city by a MaxMind-format database, else the country of the time zone."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from collector.mmdb import Database, read_database
from collector.mmdb_records import DatabaseDamagedError
from schema.errors import SettingError

REFRESH_SECONDS = 30.0
SETTING = "collector.geo_database"

_MAX_PLACES = 16_384  # about 4 MB
_MAX_CITY = 80  # characters
_COUNTRY = re.compile(r"(?!AP|EU|XX|ZZ)[A-Z]{2}")  # but for codes that stand for no country
_SUBDIVISION = re.compile(r"[A-Z0-9]{1,3}")
_WANTED = frozenset(("country", "country_code", "iso_code", "subdivisions", "region_code", "city", "names", "en"))


class Place(NamedTuple):
    """ISO 3166-1 country, ISO 3166-2 region, name of the city; empty where unknown."""

    country: str = ""
    region: str = ""
    city: str = ""


NOWHERE = Place()

_State = tuple[int, int, int] | None  # inode, bytes, time of change


class _Known(NamedTuple):
    """A database, and what was read of it: replaced together."""

    database: Database
    places: dict[int, Place]  # by where in the file its record is


class Places:
    """Finds places. Keeps some of the database's records by where they are in it; never an address."""

    def __init__(self, countries: Mapping[str, str], path: str = "") -> None:
        """Read the database at `path`, if any; `countries` are by IANA time zone.

        Without its file a worker that starts again goes on by time zone: whether there is one is for `load_database`
        to find out, before any worker starts.
        """
        self._by_zone = {zone: Place(country) for zone, country in countries.items()}
        self._path = Path(path) if path else None
        self._current: _Known | None = None
        self._state: _State = None  # of the file that is used
        self._seen: _State = None  # of the file when last looked at
        self._refused: _State = None  # of the last file that was no database: not read twice
        self._warning = ""
        self._is_damaged = False
        self._lock = threading.Lock()
        if self._path is not None:
            self._seen = _state_of(self._path)
            self._read(self._path)

    def locate(self, address: bytes, zone: str) -> Place:
        """Return where `address` (IPv4, or the /64 of IPv6) is, or if that is unknown, the country of `zone`."""
        known = self._current
        if known is not None:
            place = self._look_up(known, address)
            if place.country:
                return place
        return self._by_zone.get(zone, NOWHERE)

    def refresh(self) -> None:
        """Read the file again if it has changed, and not since the last call: it may still be being written.

        To be called every `REFRESH_SECONDS`, in a thread. What it replaces is used until the new one is whole.
        """
        if self._path is None:
            return
        with self._lock:
            seen, self._seen = self._seen, _state_of(self._path)
            if self._current is not None and self._seen == self._state:
                self._warning = ""
            elif self._seen == seen and (self._seen is None or self._seen != self._refused):
                self._read(self._path)

    def warning(self) -> str:
        """Return what is wrong with the file; empty if nothing is."""
        if self._is_damaged:
            return f"a record of {SETTING} cannot be read: some places are unknown; put a whole file in its place"
        return self._warning

    def _read(self, path: Path) -> None:
        try:
            database = read_database(path)
        except (OSError, DatabaseDamagedError) as error:
            instead = "places are told by time zone" if self._current is None else "the file before it is still used"
            self._warning = f"{SETTING}: {_words(error)}: {instead}"
            self._refused = self._seen if isinstance(error, DatabaseDamagedError) else None
            return
        if _state_of(path) == self._seen:  # else it changed meanwhile, and the next call reads it
            self._state, self._current = self._seen, _Known(database, {})
            self._is_damaged, self._warning = False, ""

    def _look_up(self, known: _Known, address: bytes) -> Place:
        database, places = known
        offset = -1
        try:
            offset = database.find(address)
            if offset < 0:
                return NOWHERE
            place = places.get(offset)
            if place is None:
                if len(places) >= _MAX_PLACES:
                    places.clear()
                place = places[offset] = read_place(database.record(offset, _WANTED))
            return place
        except DatabaseDamagedError:
            self._is_damaged = True
            if offset >= 0:
                places[offset] = NOWHERE  # it is not read again: that may take a while
            return NOWHERE


def load_database(path: str) -> Database:
    """Return the database at `path`.

    Raises:
        SettingError: there is none.
    """
    try:
        return read_database(Path(path))
    except (OSError, DatabaseDamagedError) as error:
        raise SettingError(SETTING, path, f"a MaxMind-format file (.mmdb), but {_words(error)}") from None


def read_place(record: Any) -> Place:
    """Return the place that a record tells of, in the shape of GeoIP2 (DB-IP, IP2Location) or a flat one (IPinfo)."""
    if not isinstance(record, dict):
        return NOWHERE
    codes = map(_code, (record.get("country"), record.get("country_code")))
    country = next(filter(_COUNTRY.fullmatch, codes), "")
    if not country:
        return NOWHERE
    subdivisions = record.get("subdivisions")
    largest = subdivisions[0] if isinstance(subdivisions, list) and subdivisions else record.get("region_code")
    region = _code(largest).removeprefix(f"{country}-")
    city = _name(record.get("city"))
    return Place(country, f"{country}-{region}" if _SUBDIVISION.fullmatch(region) else "", city)


def _code(value: Any) -> str:
    """Return the ISO code of a part of a record; what is no code is left to whoever asks."""
    if isinstance(value, dict):
        value = value.get("iso_code")
    return value.strip().upper() if isinstance(value, str) else ""


def _name(value: Any) -> str:
    if isinstance(value, dict):
        names = value.get("names")
        value = names.get("en") if isinstance(names, dict) else None
    name = value.strip() if isinstance(value, str) else ""
    return name if name.isprintable() and name != "-" and len(name) <= _MAX_CITY else ""


def _words(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"the file cannot be read ({error.strerror})"
    return str(error)


def _state_of(path: Path) -> _State:
    """Return what changes when the file does; None if there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
