"""The open UTC day: takes records in, gives back what each window closes, and what is still open."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aggregator.arrivals import Arrivals
from aggregator.columns import Columns, height, joined, take
from aggregator.firsts import Firsts, Keys, keys_of
from aggregator.hit_frame import frames_of, in_order
from aggregator.local_time import LocalTime
from aggregator.packed_hits import PackedHits, pack, unpack
from aggregator.rollup import Tables, roll_up
from aggregator.rows import Closed
from aggregator.visits import sessionise, visits_of
from aggregator.vocabulary import Vocabulary
from schema.batch import DAY_MS, WINDOW_MS, Window, day_start_ms
from schema.hit import Record, Rejection

_FOLD_ROWS = 200_000  # what arrived for many windows is folded in parts of about this size
_ARRIVED_ONLY = {"visitor", "event_id"}  # what is of no use once duplicates are out

IsFirst = Callable[[Keys], NDArray[np.bool_]]


@dataclass(frozen=True)
class _Fold:
    """What closes before some instant, and what stays open."""

    closed: Closed
    still_open: Columns


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
        self._vocabulary = Vocabulary()
        self._firsts = Firsts()
        hits, rejected = frames_of(unpack(pack([])), self._vocabulary)
        self._arrived, self._rejected = Arrivals(hits), Arrivals(rejected)  # from the next window on
        self._open = take(
            hits, np.array([], np.int64), hits.keys() - _ARRIVED_ONLY
        )  # before it, without duplicates, by visitor: visits are open

    def absorb(self, records: Sequence[Record]) -> None:
        """Take records in, in any order and grouping; each record once."""
        self.absorb_packed(unpack(pack(records)))

    def absorb_packed(self, found: PackedHits) -> None:
        """Take records in as the spool has them."""
        hits, rejected = frames_of(found, self._vocabulary)
        self._arrived.add(self._placed(hits))
        self._rejected.add(self._placed(rejected))

    def cut(self, last: Window) -> dict[Window, Tables]:
        """Return the tables of every window from `next_window` to `last` that closes or rejects anything.

        To be called once all records before the end of `last` are absorbed. A record that comes later all the same
        counts at the start of `next_window`, and in `moved`.
        """
        return dict(self.cut_in_turn(last))

    def cut_in_turn(self, last: Window) -> Iterator[tuple[Window, Tables]]:
        """Do the same, some windows at a time: all of them, but in no more memory than some of them need."""
        while self.next_window <= last:
            until = min(last, self._arrived.window_after(_FOLD_ROWS, self.next_window))
            fold = self._fold(until.end_ms, self._firsts.take)
            self._open = fold.still_open
            self._arrived.drop_before(until.end_ms)
            self._rejected.drop_before(until.end_ms)
            self.next_window = until.next
            yield from roll_up(fold.closed).items()
            self._tidy()

    def live(self) -> Tables:
        """Return the tables of all that was absorbed and not cut, as if every open visit closed now."""
        closed = self._fold(self.end_ms, self._firsts.peek).closed
        for frame in (closed.hits, closed.visits, closed.rejected):
            frame["window"] = np.zeros(height(frame), np.int64)
        return next(iter(roll_up(closed).values()), {})

    @property
    def is_over(self) -> bool:
        """Whether the last window was cut."""
        return self.next_window.start_ms >= self.end_ms

    @property
    def remembered_bytes(self) -> int:
        """How much memory it takes that nobody counts twice; it only grows, by a few keys for each visitor."""
        return self._firsts.bytes

    def _tidy(self) -> None:
        """Forget the texts that only closed visits had, now and then: it takes time in proportion to all texts."""
        if self._vocabulary.is_large:
            hits, rejected = self._arrived.frames, self._rejected.frames
            self._open, *arrived = self._vocabulary.tidy([self._open, *hits, *rejected])
            self._arrived.replace(arrived[: len(hits)])
            self._rejected.replace(arrived[len(hits) :])

    def _placed(self, fresh: Columns) -> Columns:
        """Return `fresh`, its instants moved to where they can still be counted."""
        at = fresh["at"].clip(self.next_window.start_ms, self.end_ms - 1)
        self.moved += int((at != fresh["at"]).sum())
        return fresh | {"at": at}

    def _fold(self, end_ms: int, is_first: IsFirst) -> _Fold:
        arrived = in_order(self._arrived.before(end_ms), self._vocabulary)
        counts_once = self._counts_once(arrived, is_first)
        hits = joined([self._open, take(arrived, counts_once, self._open)])
        visits = sessionise(hits, self.end_ms)
        is_closed = visits["closes_at"] < end_ms
        row = visits.pop("row")
        closing = _in_window(take(hits, row[is_closed]) | take(visits, is_closed), "closes_at")
        rejections = [
            _in_window(self._rejected.before(end_ms), "at"),
            self._rejected_as(Rejection.DUPLICATE, _in_window(take(arrived, ~counts_once), "at")),
            self._rejected_as(Rejection.NO_VISIT, take(closing, ~closing["is_counted"])),
        ]
        closed = self._closed(take(closing, closing["is_counted"]), joined(rejections), is_first)
        return _Fold(closed, take(hits, row[~is_closed]))

    def _counts_once(self, hits: Columns, is_first: IsFirst) -> NDArray[np.bool_]:
        """Return for each hit, in order of time, whether it is the first with its event id, or has none."""
        counts = np.asarray(hits["event_id"] == 0)
        identified = take(hits, ~counts, ("site", "event_id"))
        site = self._vocabulary.texts.hashes(identified["site"])
        counts[~counts] = is_first(keys_of("event id", site, identified["event_id"]))
        return counts

    def _rejected_as(self, reason: Rejection, hits: Columns) -> Columns:
        number = self._vocabulary.texts.numbers([reason.value])
        return {name: hits[name] for name in ("site", "at", "window")} | {"reason": number.repeat(height(hits))}

    def _closed(self, counted: Columns, rejected: Columns, is_first: IsFirst) -> Closed:
        visit = np.cumsum(np.diff(counted["visit"], prepend=-1) != 0) - 1
        counted = self._localised(counted) | {"visit": visit}
        return Closed(counted, visits_of(counted), self._localised(rejected), self._vocabulary, is_first)

    def _localised(self, hits: Columns) -> Columns:
        """Return `hits` with the local day and hour of their sites."""
        site, sites = pd.factorize(hits["site"])
        names = [self._vocabulary.texts.text(number) for number in sites]
        days, hours = self._local_time.hours(names, site, hits["at"])
        return hits | {"day": days, "hour": hours}


def _in_window(hits: Columns, instant: str) -> Columns:
    return hits | {"window": hits[instant] // WINDOW_MS}
