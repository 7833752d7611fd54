"""Everything on a site's page, asked from the store in one go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dashboard.answer import Answer, Metric
from dashboard.chart import Chart, make_chart, make_series
from dashboard.counts import Counts
from dashboard.figures import EVENT_FIGURES, SITE_FIGURES, Figure, make_figures
from dashboard.panels import FEW, MANY, PANELS, FilledPanel, fill_panel, front_tab, panel_query
from dashboard.period import Period, previous
from dashboard.query import answerable
from dashboard.view import View
from schema.settings import SiteSettings


@dataclass(frozen=True)
class SitePage:
    """What the template shows."""

    site: SiteSettings
    view: View
    figures: Sequence[Figure]
    chart: Chart | None  # of the metric that the view asks for, or the first that can be told
    earlier: Period | None  # what figures and chart are compared with
    panels: Sequence[FilledPanel]
    open_visits: int | None
    rejections: Mapping[str, int] | None  # None: not for this reader
    has_counts: bool  # whether the site ever had a visit


def read_site_page(counts: Counts, site: SiteSettings, view: View, now_ms: int) -> SitePage:
    """Return the page of `site` for `view`."""
    first, admission = counts.first_day(site.domain), view.admission
    if view.period.is_unbounded:
        view = replace(view, period=counts.narrow(site.domain, view.period, now_ms))
    earlier = previous(view.period, now_ms)
    if earlier and (first is None or first > earlier.start):
        earlier = None  # part of it was before the first count: no fair comparison
    figures = _figures(counts, view, earlier, now_ms)
    return SitePage(
        site=site,
        view=view,
        figures=figures,
        chart=None if view.whole else _chart(counts, view, earlier, now_ms),
        earlier=earlier,
        panels=_panels(counts, view, {figure.metric: figure.value for figure in figures}, now_ms),
        open_visits=counts.open_visits(site.domain) if admission is None or admission.may_see_live else None,
        rejections=counts.rejections(site.domain, view.period) if admission and admission.may_see_ledger else None,
        has_counts=first is not None,
    )


def _figures(counts: Counts, view: View, earlier: Period | None, now_ms: int) -> list[Figure]:
    names = EVENT_FIGURES if "event" in view.filters else SITE_FIGURES
    told = tuple(name for name in names if name in answerable(view.query(*names)))
    now = _totals(counts, view, told, now_ms)
    before = _totals(counts, replace(view, period=earlier), told, now_ms) if earlier else {}
    return make_figures(names, now, before, is_added_up=view.period.days > 1)


def _totals(counts: Counts, view: View, metrics: tuple[str, ...], now_ms: int) -> Mapping[str, Metric]:
    return counts.ask(view.query(*metrics), now_ms).totals if metrics else {}


def _chart(counts: Counts, view: View, earlier: Period | None, now_ms: int) -> Chart | None:
    told = answerable(view.query(view.metric, dimensions=("time",)))
    if not told:
        return None
    metric = view.metric if view.metric in told else told[0]

    def ask(period: Period) -> Answer:
        return counts.ask(replace(view, period=period).query(metric, dimensions=("time",), limit=MANY), now_ms)

    now = make_series(ask(view.period), now_ms)
    before = make_series(ask(replace(earlier, until=None)), now_ms) if earlier else None
    return make_chart(now, before, now_ms)


def _panels(counts: Counts, view: View, totals: Mapping[str, Metric], now_ms: int) -> list[FilledPanel]:
    """The panels with their rows; those of events only where there are some."""
    limit = MANY if view.whole else FEW
    filled = []
    for panel in PANELS:
        if view.whole not in ("", panel.name):
            continue
        query = panel_query(front_tab(panel, view), view, limit)
        answer = counts.ask(query, now_ms) if query else None
        total = totals.get(query.metrics[0]) if query else None
        if panel.name != "events" or view.whole or (answer and answer.rows):
            filled.append(fill_panel(panel, view, answer, total, limit))
    return filled
