"""Hits → visits. Frames in, frames out, and nothing else."""

from __future__ import annotations

import numpy as np
import pandas as pd

from schema.batch import VISIT_GAP_MS
from schema.hit import Kind
from schema.rollups import ACQUISITION, AUDIENCE, CLIENT

FROM_FIRST_HIT = ("site", "visitor", "at", "day", "hour", "window", *ACQUISITION, *CLIENT, *AUDIENCE)


def sessionise(hits: pd.DataFrame, day_end_ms: int) -> pd.DataFrame:
    """Return the hits of one UTC day, in order of time, grouped by visit; adds three columns.

    `visit` numbers the groups of hits of one visitor without a gap over 30 minutes. `is_counted` is False for
    engagement before the group's first pageview or event: it never starts a visit. `closes_at` is 30 minutes after
    the group's last hit, or the last millisecond of the day.
    """
    hits = hits.iloc[np.lexsort((hits["visitor"], hits["site"]))].reset_index(drop=True)
    same_visitor = (hits["site"] == hits["site"].shift()) & (hits["visitor"] == hits["visitor"].shift())
    visit = (~same_visitor | (hits["at"].diff() > VISIT_GAP_MS)).cumsum()
    can_start = hits["kind"] != Kind.ENGAGEMENT
    last_at = hits["at"].groupby(visit).transform("last")
    return hits.assign(
        visit=visit,
        is_counted=can_start.groupby(visit).cummax(),
        closes_at=(last_at + VISIT_GAP_MS).clip(upper=day_end_ms - 1),
    )


def visits_of(hits: pd.DataFrame) -> pd.DataFrame:
    """Return one row per visit of the counted `hits`, whose column `visit` counts from 0 without gaps: its index.

    Columns: what its first hit says (place, acquisition, client, start as `at`), `entry_path` and `exit_path` (0, the
    empty text, without a pageview), and the measures of the rollup `visits` but `visitors`.
    """
    views = hits[hits["kind"] == Kind.PAGEVIEW]
    visits = hits.drop_duplicates("visit")[list(FROM_FIRST_HIT)].reset_index(drop=True)
    sums = _sums(hits)
    seconds = (hits.groupby("visit")["at"].last() - visits["at"]) // 1000
    return visits.assign(
        entry_path=_path_by_visit(views.drop_duplicates("visit"), len(visits)),
        exit_path=_path_by_visit(views.drop_duplicates("visit", keep="last"), len(visits)),
        visits=1,
        bounces=((sums["pageviews"] == 1) & (sums["interactive_events"] == 0)).astype(np.int64),
        pageviews=sums["pageviews"],
        events=sums["events"],
        duration_seconds=seconds,
        engaged_ms=sums["engaged_ms"],
    )


def _sums(hits: pd.DataFrame) -> pd.DataFrame:
    """Return the totals of each visit."""
    is_event = hits["kind"] == Kind.EVENT
    measures = pd.DataFrame(
        {
            "pageviews": hits["kind"] == Kind.PAGEVIEW,
            "events": is_event,
            "interactive_events": is_event & hits["interactive"],
            "engaged_ms": hits["engaged_ms"].where(hits["kind"] == Kind.ENGAGEMENT, 0),
        },
        dtype=np.int64,
    )
    return measures.groupby(hits["visit"]).sum()


def _path_by_visit(views: pd.DataFrame, visits: int) -> pd.Series:
    return views.set_index("visit")["path"].reindex(range(visits), fill_value=0)
