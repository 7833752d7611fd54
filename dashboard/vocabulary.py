"""What can be asked, as data: each dimension's column in each table, and how each metric is counted. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from schema.rollups import ACQUISITION, CLIENT

TIME = ("time", "time:hour", "time:day", "time:week", "time:month")

_EVERYWHERE = ("pageviews", "visits", "events")

# Dimension → table → column. A question can only be answered from a table that knows all its dimensions.
COLUMNS: Mapping[str, Mapping[str, str]] = {
    "event:page": {"pageviews": "path", "events": "path"},
    "event:hostname": {"pageviews": "hostname"},
    "event:name": {"events": "name"},
    "event:goal": {"events": "name"},
    "visit:entry_page": {"visits": "entry_path"},
    "visit:exit_page": {"visits": "exit_path"},
    **{f"visit:{name}": dict.fromkeys(_EVERYWHERE, name) for name in (*ACQUISITION, *CLIENT)},
}

DIMENSIONS = (*TIME, *COLUMNS)
METRICS = ("visitors", "visits", "pageviews", "views_per_visit", "bounce_rate", "visit_duration", "events")
PEOPLE = ("visitors", "visits")  # counted once per something, so not to be added up over several of it


@dataclass(frozen=True)
class Formula:
    """A metric as a measure of one table, or, with `per`, as the ratio of two."""

    table: str
    measure: str
    per: str = ""
    factor: int = 1
    decimals: int = 0

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures whose sums it is made of."""
        return (self.measure, self.per) if self.per else (self.measure,)

    def value(self, *sums: int) -> int | float | None:
        """Return the metric from the sums of its `measures`; None where a ratio has nothing to divide by."""
        if not self.per:
            return sums[0]
        count, per = sums
        if not per:
            return None
        return round(self.factor * count / per, self.decimals or None)


@dataclass(frozen=True)
class Scope:
    """A kind of question: those about `dimensions`, which name the tables that can answer it.

    Its people are counted once per `unit`: each row of the answer has to be about a single one.
    """

    subject: str
    dimensions: tuple[str, ...]
    formulas: Mapping[str, Formula]
    unit: tuple[str, ...] = field(default=())


EVENT = Scope(
    "event",
    ("event:name", "event:goal"),
    {name: Formula("events", name) for name in ("visitors", "visits", "events")},
    unit=("event:name", "event:goal"),
)
PAGE = Scope(
    "page",
    ("event:page", "event:hostname"),
    {
        **{name: Formula("pageviews", name) for name in ("visitors", "visits", "pageviews")},
        "bounce_rate": Formula("pageviews", "bounces", per="entries", factor=100),
        "events": Formula("events", "events"),
    },
    unit=("event:page",),
)
_VISITS = {
    **{name: Formula("visits", name) for name in ("visitors", "visits", "pageviews", "events")},
    "views_per_visit": Formula("visits", "pageviews", per="visits", decimals=2),
    "bounce_rate": Formula("visits", "bounces", per="visits", factor=100),
    "visit_duration": Formula("visits", "duration_seconds", per="visits"),
}
VISIT_ENDS = Scope("entry or exit page", ("visit:entry_page", "visit:exit_page"), _VISITS)
SITE = Scope(
    "site",
    (),
    {**_VISITS, "pageviews": Formula("pageviews", "pageviews"), "events": Formula("events", "events")},
)
SCOPES = (EVENT, PAGE, VISIT_ENDS)

# By hour, a site's visitors are those who viewed something in it: who stays for three hours counts in each.
ACTIVE_VISITORS = Formula("pageviews", "active_visitors")
