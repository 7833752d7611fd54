"""The tables of counts, as data: key columns, measures and their types. All else about them follows from here."""

from __future__ import annotations

from dataclasses import dataclass

TEXT, DAY, HOUR = "text", "Date", "DateTime('UTC')"
COUNT, TOTAL, MONEY, BATCH = "UInt32", "UInt64", "Int64", "UInt64"


@dataclass(frozen=True)
class Column:
    """A column and its type; `text` becomes LowCardinality(String) where the server knows it."""

    name: str
    type: str


@dataclass(frozen=True)
class Rollup:
    """A table of additive counts: rows of equal key may be added up in any order and grouping."""

    name: str
    key: tuple[Column, ...]
    measures: tuple[Column, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns in table order; `batch` names the writer of each row."""
        return (*self.key, *self.measures, Column("batch", BATCH))

    @property
    def key_names(self) -> tuple[str, ...]:
        """The names of the key columns."""
        return tuple(column.name for column in self.key)

    @property
    def measure_names(self) -> tuple[str, ...]:
        """The names of the measures."""
        return tuple(column.name for column in self.measures)


def _texts(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, TEXT) for name in names)


def _counts(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, COUNT) for name in names)


# `day` is the site's local date; `hour` the start of the site's local hour, stored in UTC.
_WHEN = (Column("site", TEXT), Column("day", DAY), Column("hour", HOUR))

ACQUISITION = (
    "channel", "source", "referrer", "utm_medium", "utm_source", "utm_campaign", "utm_term", "utm_content",
)  # fmt: skip
CLIENT = ("country", "device", "browser", "os")
AUDIENCE = ("region", "city", "browser_version", "os_version", "language", "screen")

_WHOSE = _texts(*ACQUISITION, *CLIENT)

PAGEVIEWS = Rollup(
    "pageviews",
    key=(*_WHEN, *_texts("hostname", "path"), *_WHOSE),
    measures=(
        *_counts(
            "pageviews",
            "visitors",  # 1 at a visitor's first view of the path that day
            "active_visitors",  # 1 at a visitor's first view of any path in that hour
            "visits",  # 1 at a visit's first view of the path
            "entries",
            "exits",
            "bounces",
        ),
        Column("engaged_ms", TOTAL),
        Column("scroll_depth_sum", TOTAL),  # of each visit's maximum on the path, per cent
        Column("scroll_depth_count", COUNT),
    ),
)
VISITS = Rollup(
    "visits",
    key=(*_WHEN, *_texts("entry_path", "exit_path"), *_WHOSE),
    measures=(
        *_counts("visits", "visitors", "bounces", "pageviews", "events"),
        Column("duration_seconds", TOTAL),
        Column("engaged_ms", TOTAL),
    ),
)
EVENTS = Rollup(
    "events",
    key=(*_WHEN, *_texts("name", "path"), *_WHOSE, Column("currency", TEXT)),
    measures=(*_counts("events", "visitors", "visits"), Column("revenue", MONEY)),
)
EVENT_PROPS = Rollup(
    "event_props",
    key=(*_WHEN, *_texts("name", "key", "value")),
    measures=_counts("events", "visitors"),
)
AUDIENCE_TABLE = Rollup(
    "audience",
    key=(*_WHEN, *_texts("dimension", "parent", "value")),
    measures=_counts("pageviews", "visits", "visitors"),
)
REJECTIONS = Rollup("rejections", key=(*_WHEN, Column("reason", TEXT)), measures=_counts("hits"))
# The ledger: how many hits each batch took in, by the site and hour in which they were received.
BATCHES = Rollup(
    "batches",
    key=_WHEN,
    measures=_counts("pageview_hits", "event_hits", "engagement_hits", "rejected_hits"),
)

ROLLUPS = (PAGEVIEWS, VISITS, EVENTS, EVENT_PROPS, AUDIENCE_TABLE, REJECTIONS, BATCHES)
BY_NAME = {rollup.name: rollup for rollup in ROLLUPS}

# Panels without filters read one of these per day instead of the base table, and of whole months one per month.
PROJECTED = {
    "pageviews": ("hostname", "path"),
    "visits": (
        "entry_path", "exit_path", "channel", "source", "referrer",
        "utm_medium", "utm_source", "utm_campaign", "utm_term", "utm_content",
        "country", "device", "browser", "os",
    ),
    "events": ("name", "currency"),
    "audience": ("value",),  # of each dimension, with its parent
}  # fmt: skip
PROJECTED_BY_MONTH = {"pageviews": ("path",), "visits": ("entry_path", "exit_path"), "audience": ("value",)}
# Lists of pages with a filter, and any list with a filter on a page, read these rows, sorted by that column.
SORTED = {"pageviews": ("path",), "visits": ("entry_path", "exit_path")}
