"""Questions about few people, and the answers as tables: what tests of folding share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from dashboard.answer import Answer
from dashboard.counts import Counts
from dashboard.period import parse_period
from dashboard.query import Query
from support.rollup_rows import SITE, RowWriter, row

UTC = ZoneInfo("UTC")
TODAY = dt.date(2026, 3, 10)
NOW = 1_773_144_000_000
K = 5
DAYS = (dt.date(2026, 3, 7), dt.date(2026, 3, 8), dt.date(2026, 3, 9))
WEEK = parse_period("7d", TODAY, UTC)


def visits(source: str, people: int, day: dt.date = DAYS[0], **more: Any) -> dict[str, Any]:
    return row(source=source, visits=people, visitors=people, pageviews=people, at=f"{day} 10:00", **more)


def ask(rows: RowWriter, *dimensions: str, metrics: Sequence[str] = ("visits",), **more: Any) -> Answer:
    more = {"period": WEEK, "min_count": K} | more
    query = Query(SITE, more.pop("period"), tuple(metrics), dimensions, **more)
    return Counts(rows.store, []).ask(query, NOW)


def table(answer: Answer) -> dict[str, Any]:
    return {" ".join(found.dimensions): found.metrics[0] for found in answer.rows}
