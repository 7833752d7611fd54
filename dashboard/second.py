"""What takes a second question: shares of a whole, and the comparison with another period. Pure but for asking."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from dashboard.answer import Answer, Change, Metric, ResultRow
from dashboard.folding import OTHER
from dashboard.formulas import RATES, SHARES
from dashboard.query import MAX_LIMIT, Comparison, Operator, Query, whole_of
from dashboard.vocabulary import TIME

_SHARE_DECIMALS = 2

Ask = Callable[[Query], Answer]


def add_shares(answer: Answer, ask: Ask) -> Answer:
    """Return the answer with shares in place of the visitors that they are shares of something."""
    rows = answer.rows
    for place, metric in enumerate(answer.query.metrics):
        if metric not in SHARES:
            continue
        whole = whole_of(metric, answer.query)
        assert isinstance(whole, Query)  # the answer was planned
        kept = [answer.query.dimensions.index(name) for name in whole.dimensions]
        found = {row.dimensions: row.metrics[0] for row in ask(_only(whole, rows, kept)).rows}
        rows = tuple(
            _with_metric(row, place, _share(row.metrics[place], found.get(tuple(row.dimensions[n] for n in kept))))
            for row in rows
        )
    return replace(answer, rows=rows)


def add_comparison(answer: Answer, ask: Ask) -> Answer:
    """Return the answer with each row's comparison, if that was asked for."""
    query = answer.query
    if query.compared is None:
        return answer
    earlier = replace(query, period=query.compared, compared=None, limit=MAX_LIMIT, offset=0, has_total_rows=False)
    if query.filled:
        return _in_order_of_time(answer, ask, replace(earlier, order=()))
    found = ask(_only(earlier, answer.rows, range(len(query.dimensions)))).rows
    by_dimensions = {(row.dimensions, row.is_other): row for row in found}
    rows = [
        replace(row, comparison=_compare(query, row, by_dimensions.get((row.dimensions, row.is_other))))
        for row in answer.rows
    ]
    return replace(answer, rows=tuple(rows))


def _in_order_of_time(answer: Answer, ask: Ask, earlier: Query) -> Answer:
    """Compare the first bucket with the first, and so on, whatever order the rows have."""
    query = answer.query
    every = ask(replace(query, compared=None, order=(), limit=MAX_LIMIT, offset=0, has_total_rows=False)).rows
    pairs = dict(zip((row.dimensions for row in every), ask(earlier).rows, strict=False))
    rows = [replace(row, comparison=_compare(query, row, pairs.get(row.dimensions))) for row in answer.rows]
    return replace(answer, rows=tuple(rows))


def _only(query: Query, rows: Sequence[ResultRow], places: Sequence[int]) -> Query:
    """The question for no more than the values that `rows` have, so that no limit cuts one off."""
    conditions = [
        Comparison(
            Operator.IS,
            name,
            tuple(sorted({OTHER if row.is_other else row.dimensions[place] for row in rows}
                         | {row.dimensions[place] for row in rows})),
        )
        for name, place in zip(query.dimensions, places, strict=True)
        if name not in TIME and rows
    ]  # fmt: skip
    return replace(query, conditions=(*query.conditions, *conditions))


def _compare(query: Query, row: ResultRow, earlier: ResultRow | None) -> Change:
    if earlier is None:
        nothing: tuple[Metric, ...] = tuple(None if name in RATES else 0 for name in query.metrics)
        earlier = ResultRow(row.dimensions, nothing)
    changes = tuple(map(change, query.metrics, row.metrics, earlier.metrics))
    return Change(earlier.dimensions, earlier.metrics, changes)


def change(metric: str, now: Metric, before: Metric) -> Metric:
    """Return the change in per cent, for a rate in points; from nothing to something is 100 %."""
    if now is None or before is None:
        return None
    if metric in RATES:
        return round(now - before, 1)
    if before == 0:
        return 100 if now > 0 else 0 if now == 0 else None
    return round(100 * (now - before) / before)


def _share(part: Metric, whole: Metric) -> Metric:
    return round(100 * (part or 0) / whole, _SHARE_DECIMALS) if whole else None


def _with_metric(row: ResultRow, place: int, value: Metric) -> ResultRow:
    return replace(row, metrics=(*row.metrics[:place], value, *row.metrics[place + 1 :]))
