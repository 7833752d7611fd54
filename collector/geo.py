"""The country that a browser's time zone lies in."""

from __future__ import annotations

from importlib.resources import files

# Old names whose zone was merged with a neighbour country's, and where they really are.
_MOVED = {
    "Africa/Asmera": "ER",
    "Africa/Timbuktu": "ML",
    "America/Coral_Harbour": "CA",
    "America/Virgin": "VI",
    "Atlantic/Jan_Mayen": "SJ",
    "Iceland": "IS",
    "Pacific/Johnston": "UM",
    "Pacific/Ponape": "FM",
    "Pacific/Truk": "FM",
    "Pacific/Yap": "FM",
}
# Names of a clock, used in many countries.
_CLOCKS = {"CET", "CST6CDT", "EET", "EST", "EST5EDT", "HST", "MET", "MST", "MST7MDT", "PST8PDT", "WET"}


def load_countries() -> dict[str, str]:
    """Return IANA time zone → ISO 3166-1 alpha-2, old zone names included, from the tzdata package."""
    tables = files("tzdata") / "zoneinfo"
    countries = _read_zones((tables / "zone.tab").read_text(encoding="utf-8")) | _MOVED
    for name, target in _read_links((tables / "tzdata.zi").read_text(encoding="utf-8")).items():
        if target in countries and name not in _CLOCKS:
            countries.setdefault(name, countries[target])
    return countries


def _read_zones(table: str) -> dict[str, str]:
    rows = [line.split("\t") for line in table.splitlines() if not line.startswith("#")]
    return {zone: country for country, _, zone, *_ in rows}


def _read_links(source: str) -> dict[str, str]:
    """Return old name → name; a link to a link does not occur in the compact source."""
    links = [line.split(" ") for line in source.splitlines() if line.startswith("L ")]
    return {name: target for _, target, name in links}
