"""Hits and rejections → spool. What `append` has returned for is on stable storage.

One thread commits whatever arrived while the previous commit was being synced: nobody waits for a timer, and under
load one fdatasync acknowledges many.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from itertools import groupby
from pathlib import Path

import msgspec

from collector.clock import Milliseconds
from collector.observer import CommitObserver, NobodyWatches
from collector.segments import Segments
from collector.spool_space import SpoolSpace
from collector.tally import WorkerTally
from schema.batch import DAY_MS, utc_day
from schema.errors import SpoolUnavailableError
from schema.hit import Hit, Record, RejectedHit
from schema.settings import SpoolSettings

MAX_QUEUED_RECORDS = 50_000
MAX_QUEUED_BYTES = 16 * 1024 * 1024  # estimated

log = logging.getLogger("footfall.spool")


class _Append(msgspec.Struct, gc=False):
    """One call of `append` that waits for its commit."""

    records: Sequence[Record]
    done: asyncio.Future[None]
    day: int  # since the epoch, UTC


class SpoolWriter:
    """This process's end of the spool, from any event loop of it.

    After a failed write or sync it never touches that segment again, refuses everything, says so in `failure` and
    calls `on_failure` from its own thread: the process is to end, and what is whole in the segment is recovered.
    """

    def __init__(
        self,
        settings: SpoolSettings,
        directory: Path,
        node: int,
        clock: Milliseconds,
        *,
        on_failure: Callable[[], None] = lambda: None,
        observer: CommitObserver | None = None,
        tally: WorkerTally | None = None,
    ) -> None:
        self.failure = ""
        self._observer = NobodyWatches() if observer is None else observer
        self._on_failure = on_failure
        self._segments = Segments(directory, node, settings.segment_seconds, clock, tally)
        self._space = SpoolSpace(settings, directory)
        self._waiting: list[_Append] = []
        self._waiting_records = self._waiting_bytes = 0
        self._is_closing = self._is_asleep = False
        self._lock = threading.Lock()  # held when any of these is read or changed
        self._changed = threading.Condition(self._lock)
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)
        self._thread.start()

    def append(self, records: Sequence[Record]) -> asyncio.Future[None]:
        """Return what is done once `records`, all of one UTC day, are on stable storage.

        Raises:
            SpoolUnavailableError: now or when awaited: they are not, and may be tried again. Some of them may be there
                all the same if it was the disk that failed; also if the caller was cancelled.
        """
        estimated_bytes = 0
        for record in records:
            estimated_bytes += _estimate_bytes(record)
        entry = _Append(records, asyncio.get_running_loop().create_future(), records[0].at // DAY_MS)
        with self._lock:
            self._check_queue(len(records), estimated_bytes)
            self._waiting.append(entry)
            self._waiting_records += len(records)
            self._waiting_bytes += estimated_bytes
            if self._is_asleep:
                self._is_asleep = False
                self._changed.notify()
        return entry.done

    def problem(self) -> str:
        """Return why it cannot take a hit now, empty if it can. May look at the disk."""
        return self.failure or self._space.problem()

    @property
    def waiting_records(self) -> int:
        """How many records wait for the next commit."""
        return self._waiting_records

    def close(self) -> None:
        """Commit what waits, seal the segment, stop the thread."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._thread.join()

    def _check_queue(self, records: int, estimated_bytes: int) -> None:
        if self.failure or self._is_closing:
            self._observer.refused(records)
            raise SpoolUnavailableError(self.failure or "the spool is closing")
        if (
            self._waiting_records + records > MAX_QUEUED_RECORDS
            or self._waiting_bytes + estimated_bytes > MAX_QUEUED_BYTES
        ):
            self._observer.refused(records)
            raise SpoolUnavailableError("more hits wait for the disk than memory is set aside for", retry_after=1)

    def _run(self) -> None:
        entries: list[_Append] = []
        try:
            while not self._is_finished():
                entries = self._take_waiting()
                if self._segments.seconds_to_seal() == 0:
                    self._segments.seal()
                for day, of_day in groupby(entries, key=lambda entry: entry.day):
                    self._commit(utc_day(day * DAY_MS), list(of_day))
            self._segments.seal()
        except Exception as error:
            self._fail(error, entries)

    def _is_finished(self) -> bool:
        with self._changed:
            return self._is_closing and not self._waiting

    def _take_waiting(self) -> list[_Append]:
        """Return what has arrived; wait for it, or for the moment when the segment is to be sealed."""
        with self._changed:
            if not self._waiting and not self._is_closing:
                self._is_asleep = True
                self._changed.wait(self._segments.seconds_to_seal())
                self._is_asleep = False
            entries, self._waiting = self._waiting, []
            self._waiting_records = self._waiting_bytes = 0
            return entries

    def _commit(self, day: date, entries: list[_Append]) -> None:
        """Put the entries, all of `day`, on disk, and let those who wait for them go on."""
        records = [record for entry in entries for record in entry.records]
        started = time.monotonic()
        try:
            if problem := self._space.problem():
                raise SpoolUnavailableError(problem)
            written_bytes = self._segments.write(day, records)
        except SpoolUnavailableError as error:
            _finish(entries, error)
            self._observer.refused(len(records))
        else:
            _finish(entries, None)
            self._space.add(written_bytes)
            self._observer.committed(records, written_bytes, time.monotonic() - started)

    def _fail(self, error: Exception, entries: list[_Append]) -> None:
        """Give up for good; `entries` are those of the commit that failed."""
        failure = f"the spool cannot be written ({getattr(error, 'strerror', None) or type(error).__name__})"
        with self._changed:
            self.failure = failure
            entries = entries + self._waiting
            self._waiting = []
        log.error("%s: this worker ends, and what is whole in its segment is recovered", failure)
        _finish(entries, SpoolUnavailableError(failure))
        self._observer.refused(sum(len(entry.records) for entry in entries))
        self._on_failure()


def _finish(entries: Iterable[_Append], error: SpoolUnavailableError | None) -> None:
    """Wake up those who wait, in their own event loop; when that is closed, nobody waits any more."""
    for loop, of_loop in groupby(entries, key=lambda entry: entry.done.get_loop()):
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_wake, [entry.done for entry in of_loop], error)


def _wake(waiting: list[asyncio.Future[None]], error: SpoolUnavailableError | None) -> None:
    for done in waiting:
        if done.done():  # its caller gave up
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)


def _estimate_bytes(record: Record) -> int:
    if type(record) is Hit:
        size = 256 + len(record.path) + len(record.referrer)
        return size + sum([len(key) + len(value) for key, value in record.props]) if record.props else size
    if type(record) is RejectedHit:
        return 64
    raise TypeError("the spool takes hits and rejections, nothing else")
