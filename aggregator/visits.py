"""Hits → visits. Frames in, frames out, and nothing else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aggregator.columns import Columns, take
from schema.batch import VISIT_GAP_MS
from schema.hit import Kind

Numbers = NDArray[np.int64]

FROM_FIRST_HIT = ("site", "who", "at", "day", "hour", "window", "acquisition", "client")


def sessionise(hits: Columns, day_end_ms: int) -> Columns:
    """Return for the hits of one UTC day, those of one visitor in order of time, which visit they belong to.

    One row per hit, grouped by visit: `row` is the hit's place in `hits`. `visit` numbers the groups of hits of one
    visitor without a gap over 30 minutes. `is_counted` is False for engagement before the group's first pageview or
    event: it never starts a visit. `closes_at` is 30 minutes after the group's last hit, or the last millisecond of
    the day.
    """
    order = np.argsort(hits["who"], kind="stable")  # quick where most of it is sorted
    who, at = hits["who"][order], hits["at"][order]
    is_new = np.ones(len(at), np.bool_)
    is_new[1:] = (who[1:] != who[:-1]) | (at[1:] - at[:-1] > VISIT_GAP_MS)
    starts, visit = np.flatnonzero(is_new), np.cumsum(is_new) - 1
    can_start = hits["kind"][order] != Kind.ENGAGEMENT
    so_far = np.cumsum(can_start)
    before_visit = (so_far - can_start)[starts]
    closes_at = np.minimum(at[_ends(starts, len(at))] + VISIT_GAP_MS, day_end_ms - 1)
    return {
        "row": order,
        "visit": visit,
        "is_counted": so_far > before_visit[visit],
        "closes_at": closes_at[visit],
    }


def visits_of(hits: Columns) -> Columns:
    """Return one row per visit of the counted `hits`, whose column `visit` counts from 0 without gaps: its index.

    Columns: what its first hit says (place, acquisition, client, start as `at`), `entry_path` and `exit_path` (0, the
    empty text, without a pageview), and the measures of the rollup `visits` but `visitors`.
    """
    visit, kind, at = (hits[name] for name in ("visit", "kind", "at"))
    starts = np.flatnonzero(np.diff(visit, prepend=-1))
    is_view, is_event = kind == Kind.PAGEVIEW, kind == Kind.EVENT
    pageviews = _sum(is_view, starts)
    interactive = _sum(is_event & hits["interactive"], starts)
    entry_path, exit_path = _entry_exit(visit[is_view], hits["path"][is_view], len(starts))
    return take(hits, starts, FROM_FIRST_HIT) | {
        "entry_path": entry_path,
        "exit_path": exit_path,
        "visits": np.ones(len(starts), np.int64),
        "bounces": ((pageviews == 1) & (interactive == 0)).astype(np.int64),
        "pageviews": pageviews,
        "events": _sum(is_event, starts),
        "duration_seconds": (at[_ends(starts, len(at))] - at[starts]) // 1000,
        "engaged_ms": _sum(np.where(kind == Kind.ENGAGEMENT, hits["engaged_ms"], 0), starts),
    }


def _sum(measure: NDArray[np.bool_] | Numbers, starts: Numbers) -> Numbers:
    """Return the total of each visit."""
    return np.add.reduceat(measure.astype(np.int64), starts)


def _ends(starts: Numbers, rows: int) -> Numbers:
    """Return the last row of each group, by the first."""
    return np.append(starts[1:], rows)[: len(starts)] - 1


def _entry_exit(visit: Numbers, path: NDArray[np.int32], visits: int) -> NDArray[np.int32]:
    """Return the first and the last path of each visit, by its views."""
    found = np.zeros((2, visits), np.int32)
    found[0, visit[::-1]] = path[::-1]  # of several, the one assigned last stays
    found[1, visit] = path
    return found
