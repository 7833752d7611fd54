"""How each metric is counted, for each kind of question: as measures of one table. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

METRICS = (
    "visitors", "visits", "pageviews", "views_per_visit", "bounce_rate", "visit_duration", "events",
    "time_on_page", "scroll_depth", "entries", "exits", "exit_rate",
    "percentage", "conversion_rate", "group_conversion_rate", "total_revenue", "average_revenue", "rejected",
)  # fmt: skip
PEOPLE = ("visitors", "visits")  # counted once per something, so not to be added up over several of it
REVENUE = ("total_revenue", "average_revenue")  # in minor units of one currency
SHARES = ("percentage", "conversion_rate", "group_conversion_rate")  # visitors, of those of a second question
RATES = ("bounce_rate", "exit_rate", "scroll_depth", *SHARES)  # per cent: they change by points


@dataclass(frozen=True)
class Formula:
    """A metric as a measure of one table, or, with `per`, as the ratio of two."""

    table: str
    measure: str
    per: str = ""
    factor: float = 1
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
    """A kind of question: those about one of `dimensions`.

    Its people are counted once per unit: of each of `units`, every row of the answer has to be about a single one.
    """

    subject: str
    dimensions: tuple[str, ...]
    formulas: Mapping[str, Formula]
    units: tuple[tuple[str, ...], ...] = field(default=())


NAME = ("event:name", "event:goal")
CURRENCY = "event:currency"

EVENT = Scope(
    "event",
    (*NAME, CURRENCY),
    {
        **{name: Formula("events", name) for name in ("visitors", "visits", "events")},
        "total_revenue": Formula("events", "revenue"),
        "average_revenue": Formula("events", "revenue", per="events"),
    },
    units=(NAME,),
)
PAGE = Scope(
    "page",
    ("event:page", "event:hostname"),
    {
        **{name: Formula("pageviews", name) for name in ("visitors", "visits", "pageviews", "entries", "exits")},
        "bounce_rate": Formula("pageviews", "bounces", per="entries", factor=100),
        "exit_rate": Formula("pageviews", "exits", per="pageviews", factor=100, decimals=1),
        "time_on_page": Formula("pageviews", "engaged_ms", per="visits", factor=0.001),
        "scroll_depth": Formula("pageviews", "scroll_depth_sum", per="scroll_depth_count"),
        "events": Formula("events", "events"),
    },
    units=(("event:page",),),
)
OF_VISITS = {
    **{name: Formula("visits", name) for name in ("visitors", "visits", "pageviews", "events")},
    "views_per_visit": Formula("visits", "pageviews", per="visits", decimals=2),
    "bounce_rate": Formula("visits", "bounces", per="visits", factor=100),
    "visit_duration": Formula("visits", "duration_seconds", per="visits"),
}
VISIT_ENDS = Scope("entry or exit page", ("visit:entry_page", "visit:exit_page"), OF_VISITS)
REJECTION = Scope("rejection", ("rejection:reason",), {"rejected": Formula("rejections", "hits")})
SITE = Scope(
    "site",
    (),
    {
        **OF_VISITS,
        **{name: Formula("pageviews", name) for name in ("pageviews", "entries", "exits")},
        "events": Formula("events", "events"),
        **REJECTION.formulas,
    },
)
SCOPES = (REJECTION, EVENT, PAGE)  # then those that a dimension makes, then VISIT_ENDS and SITE

# By hour, a site's visitors are those who viewed something in it: who stays for three hours counts in each.
ACTIVE_VISITORS = Formula("pageviews", "active_visitors")


def is_ratio(metric: str) -> bool:
    """Whether a 0 of it is something, and not just the lack of a count."""
    formulas = [scope.formulas[metric] for scope in (SITE, PAGE, EVENT) if metric in scope.formulas]
    return metric in SHARES or any(formula.per for formula in formulas)


def prop_scope(dimension: str) -> Scope:
    """Return the scope of one property of events, `event:props:KEY`."""
    table = f"event_props:{dimension}"
    formulas = {name: Formula(table, name) for name in ("visitors", "events")}
    return Scope("value of a property and event", (dimension,), formulas, units=(NAME, (dimension,)))


def audience_scope(dimension: str) -> Scope:
    """Return the scope of one fine dimension of the audience, such as `visit:city`."""
    table = f"audience:{dimension}"
    formulas = {name: Formula(table, name) for name in ("visitors", "visits", "pageviews")}
    views = Formula(table, "pageviews", per="visits", decimals=2)
    return Scope(dimension.removeprefix("visit:"), (dimension,), {**formulas, "views_per_visit": views})
