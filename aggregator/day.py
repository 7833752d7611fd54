"""The open UTC day: takes records in, gives back what each window closes, and what is still open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aggregator.firsts import Firsts, Keys, keys_of
from aggregator.hit_frame import hit_frame, in_order, rejected_frame
from aggregator.local_time import LocalTime
from aggregator.rollup import Tables, roll_up
from aggregator.rows import Closed
from aggregator.texts import Texts
from aggregator.visits import sessionise, visits_of
from schema.batch import DAY_MS, WINDOW_MS, Window, day_start_ms
from schema.hit import Hit, Record, RejectedHit, Rejection

_FRAME_ROWS = 20_000  # records are turned into frames in batches of about this size

IsFirst = Callable[[Keys], NDArray[np.bool_]]


@dataclass(frozen=True)
class _Fold:
    """What closes before some instant, and what stays open."""

    closed: Closed
    still_open: pd.DataFrame


class Day:
    """Hits of one UTC day whose visit is open, and what must be remembered of those whose visit is closed.

    What a window closes is a function of the set of records: neither their order of arrival nor how often this was
    asked plays a part.
    """

    def __init__(self, day: date, local_time: LocalTime) -> None:
        self.next_window = Window.of(day_start_ms(day))
        self.end_ms = day_start_ms(day) + DAY_MS
        self.moved = 0  # records that were too early or too late for their place, and were counted nearby
        self._local_time = local_time
        self._texts = Texts()
        self._firsts = Firsts()
        self._fresh: list[Record] = []
        self._arrived = [hit_frame([], self._texts)]  # from the next window on, as they came
        self._rejected = [rejected_frame([], self._texts)]  # likewise
        self._open = self._arrived[0]  # before the next window, without duplicates: their visits are open

    def absorb(self, records: Sequence[Record]) -> None:
        """Take records in, in any order and grouping; each record once."""
        self._fresh += records
        if len(self._fresh) >= _FRAME_ROWS:
            self._settle()

    def cut(self, last: Window) -> dict[Window, Tables]:
        """Return the tables of every window from `next_window` to `last` that closes or rejects anything.

        To be called once all records before the end of `last` are absorbed. A record that comes later all the same
        counts at the start of `next_window`, and in `moved`.
        """
        fold = self._fold(last.end_ms, self._firsts.take)
        self._open = fold.still_open
        for frames in (self._arrived, self._rejected):
            frames[:] = [frame[frame["at"] >= last.end_ms] for frame in frames]
        self.next_window = last.next
        return roll_up(fold.closed)

    def live(self) -> Tables:
        """Return the tables of all that was absorbed and not cut, as if every open visit closed now."""
        closed = self._fold(self.end_ms, self._firsts.peek).closed
        for frame in (closed.hits, closed.visits, closed.rejected):
            frame["window"] = 0
        return next(iter(roll_up(closed).values()), {})

    @property
    def is_over(self) -> bool:
        """Whether the last window was cut."""
        return self.next_window.start_ms >= self.end_ms

    def _settle(self) -> None:
        """Turn fresh records into frames."""
        fresh, self._fresh = self._fresh, []
        hits = hit_frame([record for record in fresh if isinstance(record, Hit)], self._texts)
        rejected = rejected_frame([record for record in fresh if isinstance(record, RejectedHit)], self._texts)
        self._arrived.append(self._placed(hits))
        self._rejected.append(self._placed(rejected))

    def _placed(self, fresh: pd.DataFrame) -> pd.DataFrame:
        """Return `fresh`, its instants moved to where they can still be counted."""
        at = fresh["at"].clip(self.next_window.start_ms, self.end_ms - 1)
        self.moved += int((at != fresh["at"]).sum())
        return fresh.assign(at=at)

    def _fold(self, end_ms: int, is_first: IsFirst) -> _Fold:
        arrived, rejected = self._before(end_ms)
        counts_once = self._counts_once(arrived, is_first)
        hits = sessionise(pd.concat([self._open, arrived[counts_once]], ignore_index=True), self.end_ms)
        is_closed = hits["closes_at"] < end_ms
        closing = _in_window(hits[is_closed], "closes_at")
        counted, without_visit = closing[closing["is_counted"]], closing[~closing["is_counted"]]
        rejections = [
            _in_window(rejected, "at"),
            self._rejected_as(Rejection.DUPLICATE, _in_window(arrived[~counts_once], "at")),
            self._rejected_as(Rejection.NO_VISIT, without_visit),
        ]
        closed = self._closed(counted, pd.concat(rejections, ignore_index=True), is_first)
        return _Fold(closed, hits.loc[~is_closed, self._open.columns])

    def _before(self, end_ms: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the hits, in order of time, and the rejected hits that arrived for the windows before `end_ms`."""
        self._settle()
        for frames in (self._arrived, self._rejected):
            frames[:] = [pd.concat(frames, ignore_index=True)]
        (arrived,), (rejected,) = self._arrived, self._rejected
        return in_order(arrived[arrived["at"] < end_ms], self._texts), rejected[rejected["at"] < end_ms]

    def _counts_once(self, hits: pd.DataFrame, is_first: IsFirst) -> NDArray[np.bool_]:
        """Return for each hit, in order of time, whether it is the first with its event id, or has none."""
        counts = np.ones(len(hits), np.bool_)
        has_id = (hits["event_id"] != 0).to_numpy()
        identified = hits[has_id]
        site = self._texts.hashes(identified["site"].to_numpy())
        counts[has_id] = is_first(keys_of("event id", site, identified["event_id"].to_numpy()))
        return counts

    def _rejected_as(self, reason: Rejection, hits: pd.DataFrame) -> pd.DataFrame:
        (number,) = self._texts.numbers([reason.value])
        return hits[["site", "at", "window"]].assign(reason=number)

    def _closed(self, counted: pd.DataFrame, rejected: pd.DataFrame, is_first: IsFirst) -> Closed:
        counted = self._localised(counted).assign(visit=pd.factorize(counted["visit"])[0])
        return Closed(counted, visits_of(counted), self._localised(rejected), self._texts, is_first)

    def _localised(self, hits: pd.DataFrame) -> pd.DataFrame:
        """Return `hits` with the local day and hour of their sites."""
        site, sites = pd.factorize(hits["site"])
        names = [self._texts.text(number) for number in sites]
        days, hours = self._local_time.hours(names, site, hits["at"].to_numpy())
        return hits.assign(day=days, hour=hours)


def _in_window(hits: pd.DataFrame, instant: str) -> pd.DataFrame:
    return hits.assign(window=hits[instant] // WINDOW_MS)
