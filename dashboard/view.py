"""What the address of a site's page asks for, and the addresses of pages that ask for something else. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from dashboard.admission import Admission
from dashboard.formulas import METRICS
from dashboard.period import CUSTOM, NAMED, Period, local_day, parse_dates, parse_period
from dashboard.query import Comparison, Operator, Query
from dashboard.vocabulary import COLUMNS
from schema.errors import QueryError
from schema.settings import SiteSettings

DEFAULT_PERIOD = "28d"
DEFAULT_METRIC = "visitors"

# Name in the address → dimension.
FILTERS: Mapping[str, str] = {
    "page": "event:page",
    "entry": "visit:entry_page",
    "exit": "visit:exit_page",
    "hostname": "event:hostname",
    "event": "event:name",
    **{name.removeprefix("visit:"): name for name in COLUMNS if name.startswith("visit:") and "_page" not in name},
}
_MAX_VALUE_LENGTH = 2000


@dataclass(frozen=True)
class View:
    """One view of a site: all of it is in the address, so it can be kept, sent and gone back to."""

    domain: str
    period: Period
    filters: Mapping[str, str] = field(default_factory=dict)  # name → the one value
    metric: str = DEFAULT_METRIC  # of the chart
    tabs: Mapping[str, str] = field(default_factory=dict)  # panel → tab, where it is not the first
    whole: str = ""  # the panel that is shown alone, with all its rows
    admission: Admission | None = None  # what restricts every question of it; None restricts nothing

    @property
    def href(self) -> str:
        """The address, without scheme and host."""
        parts = {**self._period_parts(), **self.filters, **self.tabs}
        if self.metric != DEFAULT_METRIC:
            parts["metric"] = self.metric
        if self.whole:
            parts["all"] = self.whole
        return self.base + (f"?{urlencode(parts)}" if parts else "")

    @property
    def base(self) -> str:
        """The address without what it asks for."""
        return self.admission.base if self.admission else f"/{quote(self.domain)}"

    @property
    def hidden(self) -> Mapping[str, str]:
        """What a form that chooses other dates has to pass on."""
        metric = {} if self.metric == DEFAULT_METRIC else {"metric": self.metric}
        return {**self.filters, **self.tabs, **metric}

    def with_period(self, name: str) -> View:
        """The same in another period; only good for `href`."""
        return replace(self, period=replace(self.period, name=name))

    def with_filter(self, name: str, value: str) -> View:
        """The same, with one more filter."""
        return replace(self, filters={**self.filters, name: value}, whole="")

    def without_filter(self, name: str) -> View:
        """The same, with one filter less."""
        return replace(self, filters={kept: value for kept, value in self.filters.items() if kept != name})

    def with_tab(self, panel: str, tab: str) -> View:
        """The same, with another tab of a panel in front."""
        return replace(self, tabs={**self.tabs, panel: tab})

    def with_metric(self, metric: str) -> View:
        """The same, with another metric in the chart."""
        return replace(self, metric=metric)

    def with_whole(self, panel: str) -> View:
        """All of one panel; of none: the usual page."""
        return replace(self, whole=panel)

    def query(self, *metrics: str, dimensions: tuple[str, ...] = (), limit: int = 1000) -> Query:
        """Return the question for `metrics` in this view."""
        conditions = tuple(Comparison(Operator.IS, FILTERS[name], (value,)) for name, value in self.filters.items())
        query = Query(self.domain, self.period, metrics, dimensions, conditions, limit=limit)
        return self.admission.restrict(query) if self.admission else query

    def _period_parts(self) -> Mapping[str, str]:
        if self.period.name == DEFAULT_PERIOD:
            return {}
        if self.period.name != CUSTOM:
            return {"period": self.period.name}
        return {"period": CUSTOM, "from": self.period.start.isoformat(), "to": self.period.last.isoformat()}


def parse_view(
    site: SiteSettings, parts: Mapping[str, str], panels: Mapping[str, tuple[str, ...]], now_ms: int
) -> View:
    """Return the view that the parts of an address's query ask for, ignoring unknown ones; `panels` are panel → tabs.

    Raises:
        QueryError: there is no such period.
    """
    zone = ZoneInfo(site.timezone)
    name = parts.get("period", DEFAULT_PERIOD)
    if name == CUSTOM:
        period = parse_dates(parts.get("from", ""), parts.get("to", ""), zone)
    elif name not in NAMED:
        raise QueryError("period", "there is no period of that name: the menu at the top of the site's page has all")
    else:
        period = parse_period(name, local_day(now_ms, zone), zone)
    metric, whole = parts.get("metric", DEFAULT_METRIC), parts.get("all", "")
    return View(
        site.domain,
        period,
        filters={name: parts[name][:_MAX_VALUE_LENGTH] for name in FILTERS if name in parts},
        metric=metric if metric in METRICS else DEFAULT_METRIC,
        tabs={panel: parts[panel] for panel, tabs in panels.items() if parts.get(panel) in tabs},
        whole=whole if whole in panels else "",
    )
