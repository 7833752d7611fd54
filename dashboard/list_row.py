"""One row of a panel's list, as it is shown."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.answer import Metric


@dataclass(frozen=True)
class ListRow:
    """One row: `bar` is its length in per cent of the longest; `others` are the metrics after the first, as texts."""

    label: str
    href: str
    value: Metric
    text: str
    share: str
    bar: str
    code: str = ""
    others: tuple[str, ...] = ()
