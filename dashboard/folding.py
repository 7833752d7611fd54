"""Rare values: which of a day's values stand for themselves, and which are folded into one. Pure.

Of every local day that is over, the values of a dimension are cells: a value with at least `min_count` people is one,
all rarer ones together are another, and where those would still be too few, the rarest of the others is folded with
them. So a day is cut into cells none of which is small (but for the whole day). Every filter looks at the cells' names,
and every answer adds up whole cells: so does any difference of answers. Dimensions that lie inside each other (a source
in its channel) are cut one after the other, each cell of the first into cells of the next.

A question about a segment is cut inside of it: cells are made of the segment's people only, so they are as good for who
may ask about nothing else. The segment itself is the choice of who shared it, however small.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace

from dashboard.vocabulary import COUNTRY_NAME, TABLES

OTHER = "\0other"  # no text of a hit has a NUL
OTHER_NAME = "Other"

_OF_VISITS = ("visitors", "visits", "pageviews", "views_per_visit", "bounce_rate", "visit_duration", "percentage")
_OF_PAGES = ("visitors", "visits", "pageviews", "time_on_page", "scroll_depth", "percentage")
_ALIASES: Mapping[str, str] = {"visit:country_name": "visit:country", "event:goal": "event:name"}


@dataclass(frozen=True)
class Fold:
    """Dimensions that are cut one inside the other, the table whose `people` decide, and what can be told of cells."""

    table: str
    chain: tuple[str, ...]
    metrics: tuple[str, ...] = _OF_VISITS
    people: str = "visitors"

    def columns(self, dimension: str) -> tuple[str, ...]:
        """Return the columns of the chain down to `dimension`."""
        deepest = self.chain.index(_ALIASES.get(dimension, dimension))
        return tuple(TABLES[self.table].columns[name] for name in self.chain[: deepest + 1])


FOLDS = (
    Fold("visits", ("visit:channel", "visit:source", "visit:utm_campaign", "visit:referrer")),
    Fold("visits", ("visit:device", "visit:os", "visit:browser")),
    Fold("visits", ("visit:country",)),
    Fold("visits", ("visit:entry_page",)),
    Fold("visits", ("visit:exit_page",)),
    Fold("pageviews", ("event:page",), _OF_PAGES),
    Fold("events", ("event:name",), ("visitors", "visits", "events", "conversion_rate", "percentage")),
    Fold("rejections", ("rejection:reason",), ("rejected",), "hits"),
)


# Tables that count people once per one of something → what that is: of a single one they know each person once.
_ONCE_PER: Mapping[str, frozenset[str]] = {
    "pageviews": frozenset({"event:page"}),
    "events": frozenset({"event:name", "event:goal"}),
}


def fold_of(dimensions: frozenset[str], segment: Set[str] = frozenset(), single: Set[str] = frozenset()) -> Fold | None:
    """Return the fold that has all of `dimensions`, on a table that knows those of `segment` too.

    A segment that leaves a single value of `single` dimensions can be cut on tables that count people once per that.
    """
    plain = {_ALIASES.get(name, name) for name in dimensions}
    fold = next((fold for fold in FOLDS if plain <= set(fold.chain)), None)
    if fold is None:
        return None
    tables = (fold.table, *(table for table, units in _ONCE_PER.items() if units & single))
    needed = {*fold.chain, *segment}
    return next((replace(fold, table=table) for table in tables if needed <= set(TABLES[table].columns)), None)


def folded(dimension: str, columns: tuple[str, ...], visible: str) -> str:
    """Return the SQL of a dimension's value: `OTHER` where it is not in `visible`, a SELECT of (day, columns …)."""
    value = f"if((day, {', '.join(columns)}) IN ({visible}), {columns[-1]}, '\\0other')"
    return COUNTRY_NAME.format(value, value) if dimension == "visit:country_name" else value


def visible_cells(columns: tuple[str, ...], people: str, min_count: int) -> str:
    """Return the SELECT of (day, columns …) that stand for themselves; `people` is a SELECT of these and `people`."""
    *outer, last = columns
    group = ", ".join(("day", *outer))
    every = ", ".join(("day", *columns))
    # The last test is a HAVING, since old servers push a WHERE below the ARRAY JOIN, where there is no `n`.
    return (
        f"SELECT {group}, v FROM (SELECT {group}, groupArray({last}) AS vs, groupArray(n) AS ns,"
        f" minIf(n, n >= {min_count:d}) AS least,"
        f" countIf(n < {min_count:d}) > 0 AND sumIf(n, n < {min_count:d}) < {min_count:d} AS is_short"
        f" FROM (SELECT {every}, sum(people) AS n FROM ({people}) GROUP BY {every}) GROUP BY {group})"
        f" ARRAY JOIN vs AS v, ns AS n GROUP BY {group}, v"
        f" HAVING max(n >= {min_count:d} AND NOT (is_short AND n = least)) = 1"
    )
