"""Which segment a hit goes into: one of its UTC day, not older than `segment_seconds`, and never behind the fence."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

import msgspec

from collector.clock import Milliseconds
from collector.segment import Segment
from collector.tally import WorkerTally
from schema.batch import DAY_MS, day_start_ms
from schema.durable_files import settle_directory
from schema.errors import SpoolUnavailableError
from schema.fence import read_fence
from schema.hit import Record, encode_records
from schema.reserve import Reserve, is_full
from schema.spool_format import MAX_PAYLOAD_BYTES


class Segments:
    """This process's current segment, if it has one, and its succession. For one thread.

    Where the volume turns out to be full, the reserve is given up, so that what was acknowledged can still be sealed
    and counted: by recovery, if it is a segment with hits that could not be written on.
    """

    def __init__(
        self,
        spool_dir: Path,
        node: int,
        segment_seconds: float,
        clock: Milliseconds,
        tally: WorkerTally | None = None,
    ) -> None:
        settle_directory(spool_dir)
        self._spool_dir = spool_dir
        self._reserve = Reserve(spool_dir)
        self._node = node
        self._segment_seconds = segment_seconds
        self._clock = clock
        self._tally = tally
        self._current: Segment | None = None
        self._fence = 0
        self._seal_at = 0.0  # monotonic

    def write(self, day: date, records: list[Record]) -> int:
        """Return how many bytes it took once `records`, all of `day`, are on stable storage.

        Raises:
            SpoolUnavailableError: the day has been aggregated, or there is no room for a new segment; nothing was
                written, and later calls may succeed.
            OSError: it is not known what was written; no method may be called again.
        """
        segment = self._segment_of(day)
        records = [self._moved_up_to_fence(record) for record in records]
        with self._reserve.making_room():
            written_bytes = segment.append(_payloads(records))
        if self._tally:
            self._tally.add(records)
        return written_bytes

    def seal(self) -> None:
        """Seal the current segment, if there is one. An OSError means the same as in `write`."""
        if self._current is not None:
            with self._reserve.making_room():
                self._current.seal()
            self._current = None
            if self._tally:
                self._tally.complete()

    def seconds_to_seal(self) -> float | None:
        """Return how long the current segment may stay open, at most until midnight; None if there is none."""
        if self._current is None:
            return None
        to_midnight = (_end_ms(self._current.day) - self._clock()) / 1000
        return max(0.0, min(self._seal_at - time.monotonic(), to_midnight))

    def _segment_of(self, day: date) -> Segment:
        if self._current is None or self._current.day != day:
            self.seal()
            self._fence = read_fence(self._spool_dir)
            self._check_fence(day)  # now as well: no new segment for a day that is over
            self._current = self._create(day)
            self._seal_at = time.monotonic() + self._segment_seconds
            self._fence = read_fence(self._spool_dir)  # only now: the segment is visible
        self._check_fence(day)
        return self._current

    def _create(self, day: date) -> Segment:
        """Return a new segment; where there is no room for one, nothing is lost, and this worker can go on."""
        try:
            with self._reserve.making_room():
                segment = Segment(self._spool_dir, self._node, day, self._clock())
        except OSError as error:
            if is_full(error):
                raise SpoolUnavailableError("the spool's volume is full") from error
            raise
        if self._tally:
            self._tally.begin(segment.directory, segment.name)
        return segment

    def _check_fence(self, day: date) -> None:
        if self._fence >= _end_ms(day):
            raise SpoolUnavailableError("the day of the hit has been aggregated")

    def _moved_up_to_fence(self, record: Record) -> Record:
        return msgspec.structs.replace(record, at=self._fence) if record.at < self._fence else record


def _end_ms(day: date) -> int:
    return day_start_ms(day) + DAY_MS


def _payloads(records: list[Record]) -> list[bytes]:
    """Return `records` as few payloads that each fit into a frame."""
    payload = encode_records(records)
    if len(payload) <= MAX_PAYLOAD_BYTES or len(records) == 1:
        return [payload]
    half = len(records) // 2
    return _payloads(records[:half]) + _payloads(records[half:])
