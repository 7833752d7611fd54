"""What the dashboard asks for a tab of one of its panels."""

from __future__ import annotations

from dashboard.panels import Tab
from dashboard.period import Period
from dashboard.query import Condition, Query, answerable

_ROWS = 10  # of a panel, and one more to know whether there are others


def question_of(tab: Tab, site: str, period: Period, conditions: tuple[Condition, ...] = ()) -> Query | None:
    """Return the question for the first of the tab's metrics that can be told; None if there is none."""
    bare = Query(site, period, (), (tab.dimension,), conditions, limit=_ROWS)
    metric = next((name for name in tab.metrics if name in answerable(bare)), None)
    return Query(site, period, (metric,), (tab.dimension,), conditions, limit=_ROWS) if metric else None
