"""The figures at the top of a site's page: value, change, and what exactly each one counts. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dashboard.answer import Metric
from dashboard.formulas import RATES
from dashboard.locale import format_integer
from dashboard.words import format_metric

SITE_FIGURES = ("visitors", "visits", "pageviews", "views_per_visit", "bounce_rate", "visit_duration")
EVENT_FIGURES = ("visitors", "visits", "events")

NAMES = {
    "visitors": "Visitors",
    "visits": "Visits",
    "pageviews": "Pageviews",
    "views_per_visit": "Views per visit",
    "bounce_rate": "Bounce rate",
    "visit_duration": "Visit duration",
    "events": "Events",
    "time_on_page": "Time on page",
    "scroll_depth": "Scroll depth",
    "entries": "Entries",
    "exits": "Exits",
    "exit_rate": "Exit rate",
    "percentage": "Share",
    "conversion_rate": "Conversion rate",
    "group_conversion_rate": "Conversion rate in its row",
    "total_revenue": "Revenue",
    "average_revenue": "Average revenue",
    "rejected": "Rejected",
}
ADDED_UP = "daily, added up"
DEFINITIONS = {
    "visitors": "Different browsers seen in a day. Nobody is recognised the day after, so over several days the daily"
    " numbers are added up: who comes on two days counts twice. By the hour, who stays counts in each.",
    "visits": "Pages and events of one visitor with no pause over 30 minutes. A visit counts where it began.",
    "pageviews": "Pages loaded or navigated to, without those of known programs.",
    "views_per_visit": "Pageviews divided by visits.",
    "bounce_rate": "Visits of a single page on which nothing else was done, of all visits.",
    "visit_duration": "From the first to the last sign of a visit, on average; one page and nothing more is 0 seconds.",
    "events": "Things done that the site reports by name, such as a sign-up.",
    "time_on_page": "How long the page was in front and used, per visit that saw it.",
    "scroll_depth": "How far down a page was seen, on average of the visits that saw it.",
    "entries": "Visits that began on the page.",
    "exits": "Visits whose last page it was.",
    "exit_rate": "Exits, of all views of the page.",
    "percentage": "Visitors, of all visitors that the filters leave.",
    "conversion_rate": "Visitors who did it, of all visitors.",
    "group_conversion_rate": "Visitors who did it, of all visitors of the same row.",
    "total_revenue": "Money that the site reported with its events, in one currency.",
    "average_revenue": "The same, per event.",
    "rejected": "Beacons that were not counted, each with a reason.",
}
_BETTER_DOWN = {"bounce_rate", "exit_rate", "rejected"}


@dataclass(frozen=True)
class Change:
    """How a figure has changed: a text such as `+12%`, empty without anything to compare with."""

    text: str
    mood: str  # better, worse, or same


NO_CHANGE = Change("", "same")


def make_change(metric: str, now: Metric, before: Metric) -> Change:
    """Return the change of a metric."""
    change = _change(metric, now, before)
    return Change(_describe(metric, change), _mood(metric, change or 0))


@dataclass(frozen=True)
class Figure:
    """One figure; `change` is a text such as `+12%`, empty without anything to compare with."""

    metric: str
    name: str
    note: str  # what to know about it in this view; mostly empty
    definition: str
    value: Metric
    text: str
    earlier: str
    change: str
    mood: str  # better, worse, or same
    is_told: bool  # whether the counts can tell it in this view


def make_figures(
    metrics: tuple[str, ...], now: Mapping[str, Metric], before: Mapping[str, Metric], *, is_added_up: bool
) -> list[Figure]:
    """Return a figure for each of `metrics`; what `now` lacks cannot be told in this view."""
    return [_figure(name, now.get(name), before.get(name), is_added_up, name in now) for name in metrics]


def _figure(metric: str, now: Metric, before: Metric, is_added_up: bool, is_told: bool) -> Figure:
    change = _change(metric, now, before)
    return Figure(
        metric=metric,
        name=NAMES[metric],
        note=ADDED_UP if metric == "visitors" and is_added_up else "",
        definition=DEFINITIONS[metric],
        value=now,
        text=format_metric(metric, now),
        earlier=format_metric(metric, before) if before is not None else "",
        change=_describe(metric, change),
        mood=_mood(metric, change or 0),
        is_told=is_told,
    )


def _change(metric: str, now: Metric, before: Metric) -> int | None:
    """Per cent, or points of a percentage."""
    if now is None or before is None:
        return None
    if metric in RATES:
        return round(now - before)
    return round(100 * (now - before) / before) if before else None


def _describe(metric: str, change: int | None) -> str:
    """`+12%`, `−3 pt`, `unchanged`; empty without a comparison."""
    if change is None:
        return ""
    unit = " pt" if metric in RATES else "%"
    return f"{'+' if change > 0 else '−'}{format_integer(abs(change))}{unit}" if change else "unchanged"


def _mood(metric: str, change: int) -> str:
    if change == 0:
        return "same"
    return "better" if (change > 0) != (metric in _BETTER_DOWN) else "worse"
