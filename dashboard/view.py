"""What the address of a site's page asks for, and the addresses of pages that ask for something else. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from dashboard.admission import Admission
from dashboard.buckets import Granularity, count_buckets
from dashboard.comparison import Against, parse_against
from dashboard.filters import Operator
from dashboard.formulas import METRICS
from dashboard.period import CUSTOM, NAMED, Period, local_day, parse_dates, parse_period
from dashboard.query import Order, Query
from dashboard.view_filters import Filter, parse_filters
from schema.errors import QueryError
from schema.settings import SiteSettings

DEFAULT_PERIOD = "28d"
DEFAULT_METRIC = "visitors"
MOST_BUCKETS = 400  # of the chart
_MAX_FIND_LENGTH = 200
_MAX_LEAF = 10_000


@dataclass(frozen=True)
class View:
    """One view of a site: all of it is in the address, so it can be kept, sent and gone back to."""

    domain: str
    period: Period
    filters: tuple[Filter, ...] = ()
    metric: str = DEFAULT_METRIC  # of the chart
    tabs: Mapping[str, str] = field(default_factory=dict)  # panel → tab, where it is not the first
    whole: str = ""  # the panel that is shown alone, with all its rows
    against: Against = field(default_factory=Against)
    granularity: Granularity | None = None  # of the chart; None leaves it to the period's length
    find: str = ""  # with `whole`: rows that contain this
    sort: str = ""  # with `whole`: the metric that the rows are sorted by
    leaf: int = 1  # with `whole`: which hundred rows
    admission: Admission | None = None  # what restricts every question of it; None restricts nothing

    @property
    def min_count(self) -> int:
        """Values that fewer people have in common are folded into one."""
        return self.admission.min_count if self.admission else 0

    @property
    def parts(self) -> list[tuple[str, str]]:
        """The address as names and values."""
        parts = [*self._period_parts().items(), *self.against.parts.items()]
        parts += [(one.key, value) for one in self.filters for value in one.values]
        parts += self.tabs.items()
        optional = {
            "metric": "" if self.metric == DEFAULT_METRIC else self.metric,
            "by": self.granularity.value if self.granularity else "",
            "all": self.whole,
            "find": self.find,
            "sort": self.sort,
            "leaf": "" if self.leaf == 1 else str(self.leaf),
        }
        return parts + [(name, value) for name, value in optional.items() if value]

    @property
    def href(self) -> str:
        """The address, without scheme and host."""
        return self.base + (f"?{urlencode(self.parts)}" if self.parts else "")

    @property
    def base(self) -> str:
        """The address without what it asks for."""
        return self.admission.base if self.admission else f"/{quote(self.domain)}"

    def hidden(self, *without: str) -> list[tuple[str, str]]:
        """What a form that chooses `without` has to pass on."""
        return [(name, value) for name, value in self.parts if name not in without]

    def with_period(self, name: str) -> View:
        """The same in another period; only good for `href`."""
        return replace(self, period=replace(self.period, name=name), granularity=None, leaf=1)

    def with_filter(self, name: str, value: str) -> View:
        """The same, with one more filter."""
        others = tuple(one for one in self.filters if (one.name, one.operator) != (name, Operator.IS))
        return self._on_the_whole_site((*others, Filter(name, Operator.IS, (value,))))

    def with_added(self, added: Filter) -> View:
        """The same with `added`; where there is one like it, its values join that."""
        merged = {(one.name, one.operator): one for one in self.filters}
        known = merged.get((added.name, added.operator), replace(added, values=()))
        values = tuple(dict.fromkeys((*known.values, *added.values)))
        merged[added.name, added.operator] = replace(added, values=values)
        return replace(self, filters=tuple(merged.values()), leaf=1)

    def with_operator(self, index: int, operator: Operator) -> View:
        """The same, with a filter that compares in another way."""
        changed = replace(self.filters[index], operator=operator)
        return replace(self, filters=(*self.filters[:index], *self.filters[index + 1 :])).with_added(changed)

    def without_filter(self, index: int) -> View:
        """The same, with one filter less."""
        return replace(self, filters=(*self.filters[:index], *self.filters[index + 1 :]), leaf=1)

    def without_filters(self) -> View:
        """The same, of the whole site."""
        return replace(self, filters=(), leaf=1)

    def with_tab(self, panel: str, tab: str) -> View:
        """The same, with another tab of a panel in front."""
        return replace(self, tabs={**self.tabs, panel: tab}, find="", sort="", leaf=1)

    def with_metric(self, metric: str) -> View:
        """The same, with another metric in the chart."""
        return replace(self, metric=metric)

    def with_against(self, name: str) -> View:
        """The same, compared with something else."""
        return replace(self, against=Against(name))

    def with_granularity(self, granularity: Granularity | None) -> View:
        """The same, with a chart of other steps."""
        return replace(self, granularity=granularity)

    def with_whole(self, panel: str) -> View:
        """All of one panel; of none: the usual page."""
        return replace(self, whole=panel, find="", sort="", leaf=1)

    def with_sort(self, metric: str) -> View:
        """The same, with rows in another order."""
        return replace(self, sort=metric, leaf=1)

    def with_leaf(self, leaf: int) -> View:
        """The same, with other rows."""
        return replace(self, leaf=leaf)

    def query(
        self,
        *metrics: str,
        dimensions: tuple[str, ...] = (),
        limit: int = 1000,
        offset: int = 0,
        order: tuple[Order, ...] = (),
    ) -> Query:
        """Return the question for `metrics` in this view."""
        conditions = tuple(one.comparison for one in self.filters)
        query = Query(self.domain, self.period, metrics, dimensions, conditions, order, limit, offset)
        return self.admission.restrict(query) if self.admission else query

    def _on_the_whole_site(self, filters: tuple[Filter, ...]) -> View:
        return replace(self, filters=filters, whole="", find="", sort="", leaf=1)

    def _period_parts(self) -> Mapping[str, str]:
        if self.period.name == DEFAULT_PERIOD:
            return {}
        if self.period.name != CUSTOM:
            return {"period": self.period.name}
        return {"period": CUSTOM, "from": self.period.start.isoformat(), "to": self.period.last.isoformat()}


def granularities(period: Period) -> list[Granularity]:
    """Return the steps that a chart of `period` can have: at least two of them, and not too many to tell apart."""
    return [each for each in Granularity if _fits(each, period)]


def _fits(granularity: Granularity, period: Period) -> bool:
    least = {Granularity.HOUR: 1, Granularity.DAY: 2, Granularity.WEEK: 8, Granularity.MONTH: 32}[granularity]
    most = 7 if granularity is Granularity.HOUR else MOST_BUCKETS
    return least <= period.days and (
        period.days <= most if granularity is Granularity.HOUR else count_buckets(period, granularity) <= most
    )


def parse_view(
    site: SiteSettings,
    address: Iterable[tuple[str, str]],
    panels: Mapping[str, tuple[str, ...]],
    now_ms: int,
) -> View:
    """Return the view that the parts of an address's query ask for, ignoring unknown ones; `panels` are panel → tabs.

    Raises:
        QueryError: there is no such period.
    """
    address = list(address)
    parts = dict(address)
    period = _parse_period(parts, ZoneInfo(site.timezone), now_ms)
    whole = parts.get("all", "")
    whole = whole if whole in panels else ""
    by = parts.get("by", "")
    metric, sort = parts.get("metric", DEFAULT_METRIC), parts.get("sort", "")
    leaf = parts.get("leaf", "")
    return View(
        site.domain,
        period,
        filters=parse_filters(address),
        metric=metric if metric in METRICS else DEFAULT_METRIC,
        tabs={panel: parts[panel] for panel, tabs in panels.items() if is_tab(parts.get(panel, ""), tabs)},
        whole=whole,
        against=parse_against(parts, period),
        granularity=Granularity(by) if by in granularities(period) else None,
        find=parts.get("find", "")[:_MAX_FIND_LENGTH] if whole else "",
        sort=sort if whole and sort in METRICS else "",
        leaf=int(leaf) if whole and leaf.isascii() and leaf.isdecimal() and 1 < int(leaf[:6]) <= _MAX_LEAF else 1,
    )


def is_tab(name: str, tabs: tuple[str, ...]) -> bool:
    """Whether a panel with `tabs` may have one called `name`; those of properties are not known beforehand."""
    return name in tabs or (name.startswith("prop-") and "prop-" in tabs)


def _parse_period(parts: Mapping[str, str], zone: ZoneInfo, now_ms: int) -> Period:
    name = parts.get("period", DEFAULT_PERIOD)
    if name == CUSTOM:
        return parse_dates(parts.get("from", ""), parts.get("to", ""), zone)
    if name not in NAMED:
        raise QueryError("period", "there is no period of that name: the menu at the top of the site's page has all")
    return parse_period(name, local_day(now_ms, zone), zone)
