"""The panels below the chart, as data: their tabs, and the dimension that each tab lists. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dashboard.view import View
from dashboard.view_filters import FILTERS, PROPERTY, dimension_of

EVENTS, PLACES, REJECTED = "events", "places", "rejected"
MAP = "map"
_MOST_PROPERTIES = 12  # tabs


@dataclass(frozen=True)
class Tab:
    """One list of a panel. Its rows are a dimension's values; a row filters by what `filter` names."""

    name: str
    title: str
    column: str
    filter: str
    metrics: tuple[str, ...] = ("visitors", "pageviews", "events")  # the first that can be told
    nothing: str = "(none)"  # what an empty value is called
    group: str = ""  # the title of the tab that it is a part of

    @property
    def dimension(self) -> str:
        """The dimension it lists."""
        return dimension_of(self.filter)


@dataclass(frozen=True)
class Panel:
    """Some tabs, one of which is in front."""

    name: str
    title: str
    tabs: tuple[Tab, ...]

    @property
    def titles(self) -> list[tuple[str, Tab]]:
        """The tabs of the upper row: title → the first tab behind it."""
        found: dict[str, Tab] = {}
        for tab in self.tabs:
            found.setdefault(tab.group or tab.title, tab)
        return list(found.items())

    def beside(self, front: Tab) -> tuple[Tab, ...]:
        """The tabs of the lower row, where `front` is one of a group."""
        return tuple(tab for tab in self.tabs if front.group and tab.group == front.group)


_VISITS, _EVENTS = ("visits",), ("events",)


def _unknown(name: str, title: str, column: str, filter_name: str, group: str = "") -> Tab:
    return Tab(name, title, column, filter_name, ("visitors", "visits", "pageviews", "events"), "Unknown", group)


_ALL = (
    Panel(
        "sources",
        "Sources",
        (
            Tab("sources", "All", "Source", "source", nothing="Direct / None"),
            Tab("channels", "Channels", "Channel", "channel", nothing="Unknown"),
            Tab("referrers", "Referrers", "Referrer", "referrer", nothing="No referrer"),
            Tab("campaigns", "Campaign", "Campaign", "utm_campaign", nothing="No campaign", group="Campaigns"),
            Tab("media", "Medium", "Medium", "utm_medium", nothing="No medium", group="Campaigns"),
            Tab("utm_sources", "Source", "Campaign source", "utm_source", nothing="No source", group="Campaigns"),
            Tab("terms", "Term", "Term", "utm_term", nothing="No term", group="Campaigns"),
            Tab("contents", "Content", "Content", "utm_content", nothing="No content", group="Campaigns"),
        ),
    ),
    Panel(
        "pages",
        "Pages",
        (
            Tab("top", "All", "Page", "page"),
            Tab("entry", "Entry", "Entry page", "entry", _VISITS, "No page"),
            Tab("exit", "Exit", "Exit page", "exit", _VISITS, "No page"),
            Tab("hosts", "Hosts", "Host", "hostname", ("pageviews",), "Unknown"),
        ),
    ),
    Panel(
        PLACES,
        "Places",
        (
            _unknown(MAP, "Map", "Country", "country"),
            _unknown("countries", "Countries", "Country", "country"),
            _unknown("regions", "Regions", "Region", "region"),
            _unknown("cities", "Cities", "City", "city"),
        ),
    ),
    Panel(
        "devices",
        "Devices",
        (
            _unknown("browser", "Browsers", "Browser", "browser"),
            _unknown("system", "Systems", "System", "os"),
            _unknown("size", "Device", "Size", "device", "Sizes"),
            _unknown("screen", "Screen", "Screen", "screen", "Sizes"),
            _unknown("browser_versions", "Browser", "Browser version", "browser_version", "Versions"),
            _unknown("system_versions", "System", "System version", "os_version", "Versions"),
            _unknown("languages", "Languages", "Language", "language"),
        ),
    ),
    Panel(
        EVENTS,
        "Events",
        (
            Tab("events", "All", "Event", "event", _EVENTS),
            Tab("revenue", "Revenue", "Currency", "currency", ("total_revenue",), "No amount"),
        ),
    ),
)
PANELS = tuple(replace(panel, tabs=tuple(tab for tab in panel.tabs if tab.filter in FILTERS)) for panel in _ALL)
TABS_BY_PANEL: Mapping[str, tuple[str, ...]] = {
    panel.name: tuple(tab.name for tab in panel.tabs) + ((PROPERTY,) if panel.name == EVENTS else ())
    for panel in PANELS
}


def with_properties(panel: Panel, keys: Sequence[str]) -> Panel:
    """Return the panel of events with a tab for each property."""
    tabs = tuple(
        Tab(PROPERTY + key, key, key, PROPERTY + key, _EVENTS, "(none)", "Properties")
        for key in keys[:_MOST_PROPERTIES]
    )
    return replace(panel, tabs=panel.tabs + tabs)


def without_map(panel: Panel) -> Panel:
    """Return the panel of places without its map."""
    return replace(panel, tabs=tuple(tab for tab in panel.tabs if tab.name != MAP))


def front_tab(panel: Panel, view: View) -> Tab:
    """Return the tab that is in front."""
    return next((tab for tab in panel.tabs if tab.name == view.tabs.get(panel.name)), panel.tabs[0])
