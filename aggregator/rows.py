"""Closed visits → the rows of each rollup, still one per hit or visit: what counts where, as the table names say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aggregator.columns import Columns, height, joined, take
from aggregator.firsts import Keys, keys_of
from aggregator.vocabulary import GROUPS, Vocabulary
from schema.hit import NO_SCROLL_DEPTH, Kind
from schema.rollups import (
    AUDIENCE,
    AUDIENCE_TABLE,
    BATCHES,
    EVENT_PROPS,
    EVENTS,
    PAGEVIEWS,
    REJECTIONS,
    VISITS,
)

_WHEN = ("window", "site", "day", "hour")
_OF_VIEWS = ("visit", "who", "path", "day", "hour")
_OF_PAGES = (*_WHEN, "visit", "hostname", "path", "engaged_ms", "scroll_depth")
_PARENTS = {"region": "country", "browser_version": "browser", "os_version": "os"}

Measure = NDArray[np.int64]


@dataclass(frozen=True)
class Closed:
    """What one or many windows close. All three frames have `window`, `site`, local `day` and `hour`."""

    hits: Columns  # counted, by visitor and time; `visit` is a row of `visits`
    visits: Columns
    rejected: Columns  # with `reason`
    vocabulary: Vocabulary
    is_first: Callable[[Keys], NDArray[np.bool_]]  # remembers or not: the caller's choice

    def first(self, kind: str, rows: Columns, *columns: str) -> Measure:
        """Return 1 for each row that is its visitor's first of that `kind`, for equal `columns`, on this UTC day."""
        keys = [self._key(rows[name]) for name in ("who", *columns)]
        return self.is_first(keys_of(kind, *keys)).astype(np.int64)

    def _key(self, column: NDArray[Any]) -> NDArray[np.uint64]:
        return self.vocabulary.texts.hashes(column) if column.dtype == np.int32 else column.astype(np.uint64)


def pageview_rows(closed: Closed) -> Columns:
    """Pageviews count in their own hour; engagement adds to the page it happened on."""
    kind = closed.hits["kind"]
    places = [np.flatnonzero(kind == Kind.PAGEVIEW), np.flatnonzero(kind == Kind.ENGAGEMENT)]
    views = take(closed.hits, places[0], _OF_VIEWS)
    rows = take(closed.hits, np.concatenate(places), _OF_PAGES)
    is_view = np.arange(height(rows)) < height(views)
    page, is_first = _pages(rows)
    deepest = _deepest(rows, page, is_view)
    has_depth = is_first & (deepest != NO_SCROLL_DEPTH)
    counts = _view_counts(closed, views, is_first[: height(views)])
    none = np.zeros(len(places[1]), np.int64)
    return (
        _of_visit(closed, rows)
        | {name: np.append(count, none) for name, count in counts.items()}
        | {
            "engaged_ms": np.where(is_view, 0, rows["engaged_ms"]),
            "scroll_depth_sum": np.where(has_depth, deepest, 0),
            "scroll_depth_count": has_depth,
        }
    )


def _view_counts(closed: Closed, views: Columns, is_first_of_visit: NDArray[np.bool_]) -> dict[str, Measure]:
    visit = views["visit"]
    is_entry = _ones(np.diff(visit, prepend=-1))
    return {
        "pageviews": np.ones(len(visit), np.int64),
        "visitors": closed.first("view", views, "day", "path"),
        "active_visitors": closed.first("hour", views, "hour"),
        "visits": _ones(is_first_of_visit),
        "entries": is_entry,
        "exits": _ones(np.diff(visit, append=-1)),
        "bounces": is_entry * closed.visits["bounces"][visit],
    }


def _pages(rows: Columns, column: str = "path") -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return a number for each visit and path, and for each row whether it is the first with that number."""
    key = rows["visit"] << 32 | rows[column]
    page = pd.factorize(key)[0].astype(np.int64)
    return page, np.diff(np.maximum.accumulate(page), prepend=-1) > 0


def _deepest(rows: Columns, page: NDArray[np.int64], is_view: NDArray[np.bool_]) -> Measure:
    """Return each visit's deepest scroll on the page of each row; views do not tell."""
    deepest = np.full(len(page), NO_SCROLL_DEPTH, np.int64)
    np.maximum.at(deepest, page[~is_view], rows["scroll_depth"].astype(np.int64)[~is_view])
    return deepest[page]


def visit_rows(closed: Closed) -> Columns:
    """A visit counts in the hour of its start."""
    return closed.visits | {"visitors": closed.first("visit", closed.visits, "day")}


def event_rows(closed: Closed) -> Columns:
    """Custom events count in their own hour."""
    events = _of_visit(closed, _events(closed))
    return events | {
        "events": np.ones(height(events), np.int64),
        "visitors": closed.first("event", events, "day", "name"),
        "visits": _pages(events, "name")[1],
    }


def _events(closed: Closed) -> Columns:
    return take(closed.hits, np.flatnonzero(closed.hits["kind"] == Kind.EVENT))


def event_prop_rows(closed: Closed) -> Columns:
    """Each property of a custom event counts once."""
    events = _events(closed)
    pairs = [closed.vocabulary.props.pairs(number) for number in events["props"].tolist()]
    key, value = np.concatenate([np.zeros((0, 2), np.int32), *pairs]).T
    rows = take(events, np.repeat(np.arange(len(pairs)), [len(each) for each in pairs]), (*_WHEN, "who", "name"))
    rows |= {"key": key, "value": value, "events": np.ones(len(key), np.int64)}
    return rows | {"visitors": closed.first("prop", rows, "day", "name", "key", "value")}


def audience_rows(closed: Closed, visits: Columns) -> Columns:
    """Fine detail, one dimension at a time; `visits` are the rows of `visit_rows`."""
    client = dict(zip(GROUPS["client"], closed.vocabulary.groups["client"].members.T, strict=True))
    return joined([_dimension(name, closed, visits, client) for name in AUDIENCE])


def _dimension(name: str, closed: Closed, visits: Columns, client: Mapping[str, NDArray[np.int32]]) -> Columns:
    known = np.flatnonzero(client[name][visits["client"]])
    whose = visits["client"][known]
    parent = np.zeros(len(whose), np.int32)
    if name == "city":
        parent = np.where(client["region"][whose] > 0, client["region"][whose], client["country"][whose])
    elif name in _PARENTS:
        parent = client[_PARENTS[name]][whose]
    dimension = closed.vocabulary.texts.numbers([name]).repeat(len(whose))
    rows = take(visits, known, (*_WHEN, *AUDIENCE_TABLE.measure_names))
    return rows | {"dimension": dimension, "parent": parent, "value": client[name][whose]}


def rejection_rows(closed: Closed) -> Columns:
    """Each hit that is not counted, with its reason."""
    return closed.rejected | {"hits": np.ones(height(closed.rejected), np.int64)}


def batch_rows(closed: Closed) -> Columns:
    """Every hit taken in, counted or rejected: the ledger."""
    kind = np.append(closed.hits["kind"], np.zeros(height(closed.rejected), np.int8))
    return joined([closed.hits, closed.rejected], _WHEN) | {
        "pageview_hits": kind == Kind.PAGEVIEW,
        "event_hits": kind == Kind.EVENT,
        "engagement_hits": kind == Kind.ENGAGEMENT,
        "rejected_hits": kind == 0,
    }


def rows_of(closed: Closed) -> Mapping[str, Columns]:
    """Return the rows of every rollup by its name: key columns, `window` and measures; a missing measure is 0.

    Instead of the key columns of ACQUISITION and CLIENT they have the numbers of their groups.
    """
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


def _of_visit(closed: Closed, hits: Columns) -> Columns:
    """Return `hits` with the acquisition and client of their visits."""
    return hits | take(closed.visits, hits["visit"], GROUPS)


def _ones(flags: NDArray[np.bool_] | NDArray[np.int64]) -> Measure:
    return np.asarray(flags != 0, np.int64)
