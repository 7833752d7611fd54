"""The rows of a panel: the question for them, and what is shown of its answer. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dashboard.answer import Answer, Metric, ResultRow
from dashboard.countries import country_names
from dashboard.export_link import csv_link
from dashboard.figures import DEFINITIONS, NAMES
from dashboard.filter_form import filter_title
from dashboard.filters import Comparison, Condition, Operator
from dashboard.languages import language_name
from dashboard.list_row import ListRow
from dashboard.panels import MAP, Panel, Tab
from dashboard.query import Order, Query, answerable
from dashboard.view import View
from dashboard.words import format_count, format_metric
from dashboard.world_map import MapCountry, shade_countries

FEW, BESIDE_MAP, MANY, EVERY_COUNTRY = 9, 3, 100, 300  # rows
COLUMNS_OF_ALL = (
    "visitors", "visits", "pageviews", "events", "bounce_rate", "visit_duration", "views_per_visit", "time_on_page",
    "scroll_depth", "entries", "exits", "exit_rate", "conversion_rate",
)  # fmt: skip
_MOST_COLUMNS = 6


@dataclass(frozen=True)
class Column:
    """A metric of a panel that is shown alone; its heading sorts by it."""

    name: str
    definition: str
    href: str
    is_sorted: bool


@dataclass(frozen=True)
class FilledPanel:
    """A panel with the rows of its tab in front; `problem` says why there are none."""

    panel: Panel
    tab: Tab
    heading: str = ""
    rows: tuple[ListRow, ...] = ()
    has_more: bool = False
    problem: str = ""
    columns: tuple[Column, ...] = ()
    first: int = 1  # number of the first row
    total_rows: int = 0
    map: tuple[MapCountry, ...] = ()
    note: str = ""
    csv: str = ""

    @property
    def name(self) -> str:
        """What tells it and its tab from all others: `pages, entry`."""
        return f"{self.panel.title}, {self.tab.title}".lower()


def limit_of(tab: Tab, view: View) -> int:
    """Return how many rows of `tab` this view shows."""
    if tab.name == MAP:
        return EVERY_COUNTRY
    return MANY if view.whole else FEW


def panel_query(tab: Tab, view: View, limit: int) -> Query | None:
    """Return the question for the rows of `tab`, one more than `limit`; None if this view cannot tell them."""
    query = view.query(tab.metrics[0], dimensions=(tab.dimension,), limit=limit + 1)
    if view.find:
        query = replace(query, conditions=(*query.conditions, _search(tab, view.find)))
    told = answerable(query)
    metric = next((metric for metric in tab.metrics if metric in told), None)
    if metric is None:
        return None
    if not view.whole:
        return replace(query, metrics=(metric,))
    return _whole_query(view, query, (metric, *(name for name in COLUMNS_OF_ALL if name in told and name != metric)))


def _whole_query(view: View, query: Query, metrics: tuple[str, ...]) -> Query:
    metrics = metrics[:_MOST_COLUMNS]
    order = (Order(view.sort, True),) if view.sort in metrics else ()
    offset = (view.leaf - 1) * (query.limit - 1)
    return replace(query, metrics=metrics, order=order, offset=offset, has_total_rows=True)


def _search(tab: Tab, text: str) -> Condition:
    """What rows have to fulfil that are found by `text`: countries and languages by their names."""
    if tab.filter == "country":
        codes = tuple(code for code, name in country_names().items() if text.casefold() in name.casefold())
        return Comparison(Operator.IS, tab.dimension, codes or (text,))
    return Comparison(Operator.CONTAINS, tab.dimension, (text,))


def fill_panel(panel: Panel, tab: Tab, view: View, answer: Answer | None, total: Metric) -> FilledPanel:
    """Return `panel` with the rows of `answer`; shares are of `total`."""
    if answer is None:
        return FilledPanel(panel, tab, problem=_explain(tab, view))
    metrics, limit = answer.query.metrics, limit_of(tab, view)
    longest = max((row.metrics[0] or 0 for row in answer.rows), default=0)
    rows = tuple(_row(tab, view, metrics, row, (total, longest)) for row in answer.rows[:limit])
    shown = BESIDE_MAP if tab.name == MAP and not view.whole else limit
    return FilledPanel(
        panel,
        tab,
        NAMES[metrics[0]],
        rows[:shown],
        len(answer.rows) > shown,
        map=shade_countries(rows) if tab.name == MAP else (),
        columns=tuple(_column(name, view, view.sort or metrics[0]) for name in metrics),
        first=answer.query.offset + 1,
        total_rows=answer.total_rows or 0,
        note=_folded(view.min_count) if any(row.is_other for row in answer.rows) else "",
        csv=csv_link(answer.query, view.admission),
    )


def _row(tab: Tab, view: View, metrics: tuple[str, ...], row: ResultRow, whole: tuple[Metric, Metric]) -> ListRow:
    """One row; `whole` are the total of its first metric, and the longest row's. All rare values have no filter."""
    value, count = row.dimensions[0], row.metrics[0]
    total, longest = whole
    currency = value if tab.filter == "currency" else ""
    first, *others = (format_metric(name, found, currency) for name, found in zip(metrics, row.metrics, strict=True))
    return ListRow(
        label=value if row.is_other else name_value(tab.filter, value) or tab.nothing,
        href="" if row.is_other else view.with_filter(tab.filter, value).href,
        value=count,
        text=first,
        share="" if currency else _share(count, total),
        bar=f"{100 * (count or 0) / longest:.2f}%" if longest else "0%",
        code="" if row.is_other else value,
        others=tuple(others),
    )


def _folded(min_count: int) -> str:
    few = f"fewer than {format_count(min_count)} people a day each"
    return f"Other: {few}, what is put with them so that they cannot be told, and days that are not over."


def _column(name: str, view: View, sorted_by: str) -> Column:
    return Column(NAMES[name], DEFINITIONS[name], view.with_sort(name).href, name == sorted_by)


def name_value(filter_name: str, value: str) -> str:
    """Return what a value is called: a country and a language by its name."""
    if filter_name == "country":
        return country_names().get(value, value)
    return language_name(value) if filter_name == "language" else value


def _explain(tab: Tab, view: View) -> str:
    """What stands in the way of a list: which filters, or what the reader may see."""
    if _is_apart(tab, View(view.domain, view.period)):
        return "Choose an event first: its properties are counted for each event."
    alone = View(view.domain, view.period, admission=view.admission)
    if _is_apart(tab, alone):
        return _untold(tab, alone)
    names = [one.name for one in view.filters if _is_apart(tab, replace(alone, filters=(one,)))]
    titles = list(dict.fromkeys(filter_title(name) for name in names or [one.name for one in view.filters]))
    *others, last = titles
    listed = f"{', '.join(others)} and {last}" if others else last
    return f"Cannot be told together with the filter{'s' if others else ''} on {listed}."


def _untold(tab: Tab, view: View) -> str:
    """Why this reader gets no such list, whatever the filters."""
    whole = replace(view.admission, segment=()) if view.admission else None
    if not _is_apart(tab, replace(view, admission=whole)):
        return "Cannot be told of the part of the site that this view shows."
    return f"Too fine for this view: rows with fewer than {format_count(view.min_count)} people are put together."


def _is_apart(tab: Tab, view: View) -> bool:
    return panel_query(tab, view, 1) is None


def _share(value: Metric, total: Metric) -> str:
    if not value or not total:
        return ""
    percent = 100 * value / total
    return f"{percent:.0f}%" if percent >= 1 else "<1%"
