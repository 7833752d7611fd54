"""What can be asked about, as data: each dimension, and the tables that know it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from schema.rollups import ACQUISITION, CLIENT

TIME = ("time", "time:hour", "time:day", "time:week", "time:month")
PROPS = "event:props:"
MAX_KEY_LENGTH = 300

# A country's name, from the codes and names that every statement has bound where it uses them.
COUNTRY_NAME = "transform({}, {{codes:Array(String)}}, {{names:Array(String)}}, {})"


@dataclass(frozen=True)
class Table:
    """What a question is answered from: a rollup, or those of its rows that have the `fixed` values.

    `columns` are by dimension; each is SQL over the rollup's columns.
    """

    rollup: str
    columns: Mapping[str, str]
    fixed: Mapping[str, str] = field(default_factory=dict)


_NAMED = {"visit:country_name": COUNTRY_NAME.format("country", "country")}
_WHOSE = {**{f"visit:{name}": name for name in (*ACQUISITION, *CLIENT)}, **_NAMED}
_NAMES = {"event:name": "name", "event:goal": "name"}
_OF_REGION = {"visit:country": "parent", "visit:country_name": COUNTRY_NAME.format("parent", "parent")}
_COUNTRY_OF_CITY = "substring(parent, 1, 2)"
_OF_CITY = {
    "visit:country": _COUNTRY_OF_CITY,
    "visit:country_name": COUNTRY_NAME.format(_COUNTRY_OF_CITY, _COUNTRY_OF_CITY),
    "visit:region": "if(length(parent) > 2, parent, '')",
    "visit:city_name": "value",
}


def _audience(name: str, columns: Mapping[str, str] | None = None) -> Table:
    return Table("audience", {f"visit:{name}": "value", **(columns or {})}, {"dimension": name})


TABLES: Mapping[str, Table] = {
    "pageviews": Table("pageviews", {"event:page": "path", "event:hostname": "hostname", **_WHOSE}),
    "visits": Table("visits", {"visit:entry_page": "entry_path", "visit:exit_page": "exit_path", **_WHOSE}),
    "events": Table("events", {"event:page": "path", **_NAMES, "event:currency": "currency", **_WHOSE}),
    "audience:visit:city": _audience("city", _OF_CITY),
    "audience:visit:region": _audience("region", _OF_REGION),
    "audience:visit:browser_version": _audience("browser_version", {"visit:browser": "parent"}),
    "audience:visit:os_version": _audience("os_version", {"visit:os": "parent"}),
    "audience:visit:language": _audience("language"),
    "audience:visit:screen": _audience("screen"),
    "rejections": Table("rejections", {"rejection:reason": "reason"}),
}

# The fine dimensions, those that know others first: a question about cities of a region is one about cities.
AUDIENCE = tuple(name.removeprefix("audience:") for name in TABLES if name.startswith("audience:"))

# Dimension → table → column. A question can only be answered from a table that knows all its dimensions.
COLUMNS: Mapping[str, Mapping[str, str]] = {
    dimension: {name: table.columns[dimension] for name, table in TABLES.items() if dimension in table.columns}
    for dimension in dict.fromkeys(dimension for table in TABLES.values() for dimension in table.columns)
}
DIMENSIONS = (*TIME, *COLUMNS)


def table_of(name: str) -> Table:
    """Return the table called `name`; those of a property of events are made as they are asked for."""
    if name.startswith("event_props:"):
        dimension = name.removeprefix("event_props:")
        return Table("event_props", {dimension: "value", **_NAMES}, {"key": dimension.removeprefix(PROPS)})
    return TABLES[name]


def is_prop(dimension: str) -> bool:
    """Whether it names a property of events: `event:props:KEY`."""
    key = dimension.removeprefix(PROPS)
    return key != dimension and 0 < len(key) <= MAX_KEY_LENGTH and "\0" not in key


def is_dimension(name: str) -> bool:
    """Whether rows can go by it, time included."""
    return name in DIMENSIONS or is_prop(name)
