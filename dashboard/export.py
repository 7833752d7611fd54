"""GET /api/export.csv: one panel or series as CSV (RFC 4180) that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from dashboard.answer import Answer, Metric, ResultRow
from dashboard.answer_json import currency_of, money
from dashboard.asking import Asking
from dashboard.formulas import REVENUE
from dashboard.query import MAX_LIMIT, Query
from dashboard.v1 import parameters_of
from dashboard.v1_words import interval_of, read_parameters
from schema.settings import SiteSettings

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
_ROWS_AT_ONCE = 500


class Export:
    """What can be taken away."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def csv(self, request: Request) -> Response:
        """The rows of `property`, or a series by `interval`; all of them, unless a limit is given."""
        parameters = {"limit": str(MAX_LIMIT)} | parameters_of(request)
        dimensions = [name for name in parameters.get("property", "").split(",") if name]
        if "interval" in parameters or not dimensions:
            dimensions.insert(0, interval_of(parameters))

        def read(site: SiteSettings, now_ms: int, min_count: int) -> Query:
            return read_parameters(parameters, dimensions, site, now_ms, min_count)

        answer = await self._asking.ask(request, parameters["site_id"], read)
        headers = {"Content-Disposition": 'attachment; filename="footfall.csv"'}
        return StreamingResponse(write_csv(answer), media_type="text/csv; charset=utf-8", headers=headers)


def write_csv(answer: Answer) -> Iterator[bytes]:
    """Yield the lines of `answer`, some at a time: its dimensions, then its metrics."""
    yield _lines([[*answer.query.dimensions, *answer.query.metrics]])
    for start in range(0, len(answer.rows), _ROWS_AT_ONCE):
        rows = answer.rows[start : start + _ROWS_AT_ONCE]
        yield _lines([[*map(defuse, row.dimensions), *_numbers(answer.query, row)] for row in rows])


def defuse(text: str) -> str:
    """Return `text` with an apostrophe before what a spreadsheet would take for a formula."""
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text


def _numbers(query: Query, row: ResultRow) -> Iterator[Metric]:
    for name, value in zip(query.metrics, row.metrics, strict=True):
        is_money = name in REVENUE and value is not None
        yield money(value, currency_of(query, row))["value"] if is_money else value


def _lines(rows: list[list[str | Metric]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()
