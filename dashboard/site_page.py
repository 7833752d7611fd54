"""Everything on a site's page, asked from the store in one go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dashboard.annotations import Annotation
from dashboard.answer import Answer, Metric
from dashboard.chart import Chart, make_chart, make_series
from dashboard.comparison import earlier_period
from dashboard.counts import Counts
from dashboard.export_link import csv_link
from dashboard.figures import EVENT_FIGURES, SITE_FIGURES, Figure, make_figures
from dashboard.formulas import CURRENCY
from dashboard.panel_rows import FilledPanel, fill_panel, limit_of, panel_query
from dashboard.panels import EVENTS, PANELS, PLACES, Panel, front_tab, with_properties, without_map
from dashboard.period import Period
from dashboard.property_keys import property_keys
from dashboard.query import Query, answerable
from dashboard.right_now import LiveList, read_right_now
from dashboard.view import MOST_BUCKETS, View, granularities
from dashboard.vocabulary import is_prop
from dashboard.world_map import drawn_countries
from schema.settings import SiteSettings


@dataclass(frozen=True)
class SitePage:
    """What the template shows."""

    site: SiteSettings
    view: View
    figures: Sequence[Figure]
    chart: Chart | None  # of the metric that the view asks for, or the first that can be told
    earlier: Period | None  # what figures and chart are compared with
    is_unfair: bool  # whether there would be such a period, but the site began to count within it
    panels: Sequence[FilledPanel]
    open_visits: int | None
    right_now: Sequence[LiveList]  # none where rare values are not to be told
    rejections: Mapping[str, int] | None  # None: not for this reader
    rejections_csv: str
    has_counts: bool  # whether the site ever had a visit


def read_site_page(
    counts: Counts, site: SiteSettings, view: View, notes: Sequence[Annotation], now_ms: int
) -> SitePage:
    """Return the page of `site` for `view`."""
    first, admission = counts.first_day(site.domain), view.admission
    may_see_live = admission is None or admission.may_see_live
    if view.period.is_unbounded:
        view = replace(view, period=counts.narrow(site.domain, view.period, now_ms))
    if view.granularity not in granularities(view.period):
        view = replace(view, granularity=None)
    earlier = earlier_period(view.period, view.against, now_ms)
    is_unfair = earlier is not None and (first is None or first > earlier.start)
    earlier = None if is_unfair else earlier  # part of it was before the first count: no fair comparison
    figures = _figures(counts, view, earlier, now_ms)
    return SitePage(
        site=site,
        view=view,
        figures=figures,
        chart=None if view.whole else _chart(counts, view, earlier, notes, now_ms),
        earlier=earlier,
        is_unfair=is_unfair,
        panels=_panels(counts, view, {figure.metric: figure.value for figure in figures}, now_ms),
        open_visits=counts.open_visits(site.domain) if may_see_live else None,
        right_now=read_right_now(counts, site.domain) if may_see_live and view.min_count <= 1 else [],
        rejections=counts.rejections(site.domain, view.period) if admission and admission.may_see_ledger else None,
        rejections_csv=csv_link(Query(site.domain, view.period, ("rejected",), ("rejection:reason",)), admission),
        has_counts=first is not None,
    )


def _figures(counts: Counts, view: View, earlier: Period | None, now_ms: int) -> list[Figure]:
    is_about_events = any(name in ("event:name", CURRENCY) or is_prop(name) for name in view.query().asked)
    names = EVENT_FIGURES if is_about_events else SITE_FIGURES
    told = tuple(name for name in names if name in answerable(view.query(*names)))
    now = _totals(counts, view, told, now_ms)
    before = _totals(counts, replace(view, period=earlier), told, now_ms) if earlier else {}
    return make_figures(names, now, before, is_added_up=view.period.days > 1)


def _totals(counts: Counts, view: View, metrics: tuple[str, ...], now_ms: int) -> Mapping[str, Metric]:
    return counts.ask(view.query(*metrics), now_ms).totals if metrics else {}


def _chart(
    counts: Counts, view: View, earlier: Period | None, notes: Sequence[Annotation], now_ms: int
) -> Chart | None:
    time = f"time:{view.granularity}" if view.granularity else "time"
    told = answerable(view.query(view.metric, dimensions=(time,)))
    if not told:
        return None
    metric = view.metric if view.metric in told else told[0]

    def ask(period: Period) -> Answer:
        query = replace(view, period=period).query(metric, dimensions=(time,), limit=MOST_BUCKETS)
        return counts.ask(query, now_ms)

    now = make_series(ask(view.period), now_ms)
    is_comparable = earlier and (view.granularity or earlier.days <= 2 * view.period.days)
    before = make_series(ask(replace(earlier, until=None)), now_ms) if earlier and is_comparable else None
    return make_chart(now, before, now_ms, notes)


def _panels(counts: Counts, view: View, totals: Mapping[str, Metric], now_ms: int) -> list[FilledPanel]:
    """The panels with their rows; those of events only where there are some, or it is said why they cannot be told."""
    filled = []
    for panel in PANELS:
        if view.whole in ("", panel.name):
            one = _panel(counts, _complete(counts, panel, view), view, totals, now_ms)
            is_asked_for = view.whole or panel.name in view.tabs
            if panel.name != EVENTS or is_asked_for or one.rows or one.problem or one.tab.group:
                filled.append(one)
    return filled


def _complete(counts: Counts, panel: Panel, view: View) -> Panel:
    """The panel with the tabs that depend on what there is."""
    if panel.name == PLACES and not drawn_countries():
        return without_map(panel)
    if panel.name != EVENTS:
        return panel
    event = next((one.values[0] for one in view.filters if one.key == "event"), "")
    return with_properties(panel, property_keys(counts, view.domain, event, view.period) if event else ())


def _panel(counts: Counts, panel: Panel, view: View, totals: Mapping[str, Metric], now_ms: int) -> FilledPanel:
    tab = front_tab(panel, view)
    limit = limit_of(tab, view)
    query = panel_query(tab, view, limit)
    answer = counts.ask(query, now_ms) if query else None
    return fill_panel(panel, tab, view, answer, totals.get(query.metrics[0]) if query else None)
