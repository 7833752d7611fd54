"""Closed visits → the rows of each rollup, still one per hit or visit: what counts where, as the table names say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aggregator.firsts import Keys, keys_of
from aggregator.texts import Texts
from schema.hit import NO_SCROLL_DEPTH, Kind
from schema.rollups import (
    ACQUISITION,
    AUDIENCE,
    AUDIENCE_TABLE,
    BATCHES,
    CLIENT,
    EVENT_PROPS,
    EVENTS,
    PAGEVIEWS,
    REJECTIONS,
    VISITS,
)

_WHEN = ("window", "site", "day", "hour")
_WHOSE = (*ACQUISITION, *CLIENT)
_PARENTS = {"region": "country", "browser_version": "browser", "os_version": "os"}


@dataclass(frozen=True)
class Closed:
    """What one or many windows close. All three frames have `window`, `site`, local `day` and `hour`."""

    hits: pd.DataFrame  # counted, by visitor and time; `visit` is a row of `visits`
    visits: pd.DataFrame
    rejected: pd.DataFrame  # with `reason`
    texts: Texts
    is_first: Callable[[Keys], NDArray[np.bool_]]  # remembers or not: the caller's choice

    def first(self, kind: str, rows: pd.DataFrame, *columns: str) -> NDArray[np.int64]:
        """Return 1 for each row that is its visitor's first of that `kind`, for equal `columns`, on this UTC day."""
        keys = [self._key(rows[name]) for name in ("site", "visitor", *columns)]
        return self.is_first(keys_of(kind, *keys)).astype(np.int64)

    def _key(self, column: pd.Series) -> NDArray[np.uint64]:
        if column.dtype == np.int32:
            return self.texts.hashes(column.to_numpy())
        return column.to_numpy().astype(np.uint64)


def pageview_rows(closed: Closed) -> pd.DataFrame:
    """Pageviews count in their own hour; engagement adds to the page it happened on."""
    hits = closed.hits
    views = hits[hits["kind"] == Kind.PAGEVIEW].assign(engaged_ms=0, scroll_depth=NO_SCROLL_DEPTH)
    engagement = hits[hits["kind"] == Kind.ENGAGEMENT]
    counts = _view_counts(closed, views)
    views, engagement = views.assign(**counts), engagement.assign(**dict.fromkeys(counts, 0))
    rows = _of_visit(closed, pd.concat([views, engagement], ignore_index=True))
    return rows.assign(**_scroll_depth(rows))


def _view_counts(closed: Closed, views: pd.DataFrame) -> dict[str, NDArray[np.int64]]:
    is_entry = _ones(~views.duplicated("visit"))
    return {
        "pageviews": np.ones(len(views), np.int64),
        "visitors": closed.first("view", views, "day", "path"),
        "active_visitors": closed.first("hour", views, "hour"),
        "visits": _ones(~views.duplicated(["visit", "path"])),
        "entries": is_entry,
        "exits": _ones(~views.duplicated("visit", keep="last")),
        "bounces": is_entry * closed.visits["bounces"].to_numpy()[views["visit"]],
    }


def _scroll_depth(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """Return each visit's deepest scroll on a page, at its first row of that page: a view if there is one."""
    page = ["visit", "path"]
    deepest = rows.groupby(page)["scroll_depth"].transform("max").astype(np.int64)
    counts = (deepest != NO_SCROLL_DEPTH) & ~rows.duplicated(page)
    return {"scroll_depth_sum": deepest.where(counts, 0), "scroll_depth_count": counts}


def visit_rows(closed: Closed) -> pd.DataFrame:
    """A visit counts in the hour of its start."""
    return closed.visits.assign(visitors=closed.first("visit", closed.visits, "day"))


def event_rows(closed: Closed) -> pd.DataFrame:
    """Custom events count in their own hour."""
    events = _of_visit(closed, closed.hits[closed.hits["kind"] == Kind.EVENT])
    return events.assign(
        events=1,
        visitors=closed.first("event", events, "day", "name"),
        visits=~events.duplicated(["visit", "name"]),
    )


def event_prop_rows(closed: Closed) -> pd.DataFrame:
    """Each property of a custom event counts once."""
    hits = closed.hits
    events = hits[(hits["kind"] == Kind.EVENT) & (hits["props"].str.len() > 0)].explode("props")
    rows = events.assign(
        key=closed.texts.numbers(events["props"].str[0].tolist()),
        value=closed.texts.numbers(events["props"].str[1].tolist()),
        events=1,
    )
    return rows.assign(visitors=closed.first("prop", rows, "day", "name", "key", "value"))


def audience_rows(closed: Closed, visits: pd.DataFrame) -> pd.DataFrame:
    """Fine detail, one dimension at a time; `visits` are the rows of `visit_rows`."""
    return pd.concat([_dimension(name, closed, visits) for name in AUDIENCE], ignore_index=True)


def _dimension(name: str, closed: Closed, visits: pd.DataFrame) -> pd.DataFrame:
    visits = visits[visits[name] > 0]
    (dimension,) = closed.texts.numbers([name])
    return visits.assign(dimension=dimension, parent=_parent(name, visits), value=visits[name])


def _parent(name: str, visits: pd.DataFrame) -> pd.Series | int:
    if name == "city":
        return visits["region"].where(visits["region"] > 0, visits["country"])
    return visits[_PARENTS[name]] if name in _PARENTS else 0


def rejection_rows(closed: Closed) -> pd.DataFrame:
    """Each hit that is not counted, with its reason."""
    return closed.rejected.assign(hits=1)


def batch_rows(closed: Closed) -> pd.DataFrame:
    """Every hit taken in, counted or rejected: the ledger."""
    kind = pd.concat([closed.hits["kind"], pd.Series(0, closed.rejected.index)], ignore_index=True)
    taken_in = pd.concat([closed.hits[list(_WHEN)], closed.rejected[list(_WHEN)]], ignore_index=True)
    return taken_in.assign(
        pageview_hits=kind == Kind.PAGEVIEW,
        event_hits=kind == Kind.EVENT,
        engagement_hits=kind == Kind.ENGAGEMENT,
        rejected_hits=kind == 0,
    )


def rows_of(closed: Closed) -> Mapping[str, pd.DataFrame]:
    """Return the rows of every rollup by its name: key columns, `window` and measures; a missing measure is 0."""
    visits = visit_rows(closed)
    return {
        PAGEVIEWS.name: pageview_rows(closed),
        VISITS.name: visits,
        EVENTS.name: event_rows(closed),
        EVENT_PROPS.name: event_prop_rows(closed),
        AUDIENCE_TABLE.name: audience_rows(closed, visits),
        REJECTIONS.name: rejection_rows(closed),
        BATCHES.name: batch_rows(closed),
    }


def _of_visit(closed: Closed, hits: pd.DataFrame) -> pd.DataFrame:
    """Return `hits` with the acquisition and client of their visits."""
    whose = closed.visits[list(_WHOSE)].iloc[hits["visit"].to_numpy()]
    return hits.assign(**{name: whose[name].to_numpy() for name in _WHOSE})


def _ones(flags: pd.Series) -> NDArray[np.int64]:
    return flags.to_numpy(np.int64)
