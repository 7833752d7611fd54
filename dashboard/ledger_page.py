"""GET /ledger: received = counted + rejected + pending, per site and day, for whoever may read every site."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from dashboard.context import Context
from dashboard.guard import admit_operator
from dashboard.locale import READER, choose_locale
from dashboard.operator import Reports, asked_day

_FIGURES = ("received", "counted", "pending", "difference")


@dataclass
class LedgerDay:
    """One site's day, added up over its hours."""

    site: str
    day: date
    figures: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)


class LedgerPage:
    """The page; `reports` come from the parts that run beside the dashboard."""

    def __init__(self, context: Context, reports: Reports) -> None:
        self._context = context
        self._reports = reports

    async def show(self, request: Request) -> Response:
        """Show the days that are open, or the one that was asked for. It may wait for the aggregator."""
        grant = admit_operator(self._context, request)
        READER.set(choose_locale(request.headers.get("Accept-Language", "")))
        day, report = asked_day(request), self._reports.get("ledger")
        found: Mapping[str, Any] = msgspec.to_builtins(await asyncio.to_thread(report, day)) if report else {}
        html = self._context.templates.render(
            "ledger.html",
            days=add_up(found.get("rows", ())),
            problems=found.get("problems", ()),
            is_there=report is not None,
            day=day,
            is_signed_in=True,
            user=grant.user,
        )
        return HTMLResponse(html)


def add_up(rows: Iterable[Mapping[str, Any]]) -> list[LedgerDay]:
    """Return hours as days, the newest first, each day's sites by name."""
    days: dict[tuple[date, str], LedgerDay] = {}
    for row in rows:
        day = date.fromisoformat(row["day"])
        sums = days.setdefault((day, row["site"]), LedgerDay(row["site"], day))
        sums.figures.update({name: row[name] for name in _FIGURES})
        sums.rejected.update(row["rejected"])
    return sorted(days.values(), key=lambda one: (-one.day.toordinal(), one.site))
