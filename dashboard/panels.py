"""The panels below the chart, as data, and their rows from answers. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.answer import Answer, Metric
from dashboard.countries import country_names
from dashboard.figures import NAMES
from dashboard.query import Query, answerable
from dashboard.view import FILTERS, View
from dashboard.words import format_metric

FEW, MANY = 9, 1000  # rows


@dataclass(frozen=True)
class Tab:
    """One list of a panel. Its rows are a dimension's values; a row filters by what `filter` names."""

    name: str
    title: str
    column: str
    filter: str
    metrics: tuple[str, ...] = ("visitors", "events")  # the first that can be told
    nothing: str = "(none)"  # what an empty value is called

    @property
    def dimension(self) -> str:
        """The dimension it lists."""
        return FILTERS[self.filter]


@dataclass(frozen=True)
class Panel:
    """Some tabs, one of which is in front."""

    name: str
    title: str
    tabs: tuple[Tab, ...]


_ENDS = ("visits",)

PANELS = (
    Panel(
        "sources",
        "Sources",
        (
            Tab("sources", "Sources", "Source", "source", nothing="Direct / None"),
            Tab("channels", "Channels", "Channel", "channel", nothing="Unknown"),
            Tab("referrers", "Referrers", "Referrer", "referrer", nothing="No referrer"),
            Tab("campaigns", "Campaigns", "Campaign", "utm_campaign", nothing="No campaign"),
        ),
    ),
    Panel(
        "pages",
        "Pages",
        (
            Tab("top", "Top", "Page", "page"),
            Tab("entry", "Entry", "Entry page", "entry", _ENDS, "No page"),
            Tab("exit", "Exit", "Exit page", "exit", _ENDS, "No page"),
        ),
    ),
    Panel("countries", "Countries", (Tab("countries", "Countries", "Country", "country", nothing="Unknown"),)),
    Panel(
        "devices",
        "Devices",
        (
            Tab("size", "Size", "Device", "device", nothing="Unknown"),
            Tab("browser", "Browser", "Browser", "browser", nothing="Unknown"),
            Tab("system", "System", "System", "os", nothing="Unknown"),
        ),
    ),
    Panel("events", "Events", (Tab("events", "Events", "Event", "event", ("events",)),)),
)
TABS_BY_PANEL = {panel.name: tuple(tab.name for tab in panel.tabs) for panel in PANELS}


@dataclass(frozen=True)
class ListRow:
    """One row: `bar` is its length in per cent of the longest."""

    label: str
    href: str
    value: Metric
    text: str
    share: str
    bar: str


@dataclass(frozen=True)
class FilledPanel:
    """A panel with the rows of its tab in front; `problem` says why there are none."""

    panel: Panel
    tab: Tab
    heading: str
    rows: tuple[ListRow, ...]
    has_more: bool
    problem: str = ""


def front_tab(panel: Panel, view: View) -> Tab:
    """Return the tab that is in front."""
    return next((tab for tab in panel.tabs if tab.name == view.tabs.get(panel.name)), panel.tabs[0])


def panel_query(tab: Tab, view: View, limit: int) -> Query | None:
    """Return the question for the rows of `tab`, one more than `limit`; None if this view cannot tell them."""
    query = view.query(tab.metrics[0], dimensions=(tab.dimension,), limit=limit + 1)
    metric = next((metric for metric in tab.metrics if metric in answerable(query)), None)
    return view.query(metric, dimensions=(tab.dimension,), limit=limit + 1) if metric else None


def fill_panel(panel: Panel, view: View, answer: Answer | None, total: Metric, limit: int) -> FilledPanel:
    """Return `panel` with the rows of `answer`; shares are of `total`."""
    tab = front_tab(panel, view)
    if answer is None:
        others = " or ".join(name for name in view.filters if name in _APART)
        return FilledPanel(panel, tab, "", (), False, f"Cannot be told together with the filter on {others}.")
    longest = max((row.metrics[0] or 0 for row in answer.rows), default=0)
    rows = tuple(
        ListRow(
            label=name_value(tab.filter, row.dimensions[0]) or tab.nothing,
            href=view.with_filter(tab.filter, row.dimensions[0]).href,
            value=row.metrics[0],
            text=format_metric(answer.query.metrics[0], row.metrics[0]),
            share=_share(row.metrics[0], total),
            bar=f"{100 * (row.metrics[0] or 0) / longest:.2f}%" if longest else "0%",
        )
        for row in answer.rows[:limit]
    )
    return FilledPanel(panel, tab, NAMES[answer.query.metrics[0]], rows, len(answer.rows) > limit)


def name_value(filter_name: str, value: str) -> str:
    """Return what a value is called: a country by its name."""
    return country_names().get(value, value) if filter_name == "country" else value


# Filters on pages, visits' ends and events stand in different tables.
_APART = ("page", "hostname", "entry", "exit", "event")


def _share(value: Metric, total: Metric) -> str:
    if not value or not total:
        return ""
    percent = 100 * value / total
    return f"{percent:.0f}%" if percent >= 1 else "<1%"
