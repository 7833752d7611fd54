"""Archive → store, whether or not the store answers: what waits, when to try again, and the live snapshot."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Protocol

from aggregator.archive import Archive
from aggregator.forget import finish_removals
from aggregator.live import live_writer
from aggregator.loader import Loader, LoadReport
from aggregator.local_time import LocalTime
from aggregator.manifest import Manifest
from aggregator.pace import Backoff, Interval
from aggregator.rollup import Tables
from schema.batch import Window
from schema.errors import RetryError
from schema.store import Store

log = logging.getLogger("footfall.aggregator")


class OpenDay(Protocol):
    """What is shown live: Intake, or a shard's part of it."""

    @property
    def through(self) -> Window | None:
        """The last window that was cut."""

    @property
    def open_since_ms(self) -> int:
        """No open visit began before this."""

    def live(self) -> Tables:
        """The counts of visits still open."""


class Delivery:
    """All that the aggregator says to the store. `clock` gives seconds that only go forward."""

    def __init__(
        self, archive: Archive, store: Store, local_time: LocalTime, live_seconds: int, clock: Callable[[], float]
    ) -> None:
        self.trouble = ""  # why the store did not take the last thing it was given
        self.has_shown = False
        self._archive = archive
        self._store = store
        self._loader = Loader(archive, store)
        self._live = live_writer(store, archive.node)
        self._local_time = local_time
        self._waiting: list[Manifest] = []
        self._is_reconciled = False
        self._has_removed = False
        self._backoff = Backoff(clock)
        self._interval = Interval(live_seconds, clock)
        self._shown: tuple[object, ...] = ()

    @property
    def waiting(self) -> int:
        """How many batches are archived and not known to be in the store."""
        return len(self._waiting)

    @property
    def is_caught_up(self) -> bool:
        """Whether the store has all that the archive has."""
        return self._is_reconciled and not self._waiting

    def shows_all(self, intake: OpenDay, records: int) -> bool:
        """Whether the store has every batch, and the newest snapshot the rest of the `records` that were read."""
        return self.has_shown and self.is_caught_up and self._shown == (intake.through, records)

    def add(self, manifests: Iterable[Manifest]) -> None:
        """Take batches that are in the archive."""
        self._waiting += manifests

    def reconcile(self) -> None:
        """Compare the whole archive with the store at the next `load`."""
        self._is_reconciled = False

    def take_compared(self, lacking: Iterable[Manifest]) -> None:
        """Take the batches that the store lacks: somebody else has compared the whole archive with it."""
        self._waiting = list(lacking)
        self._is_reconciled = True

    def load(self) -> LoadReport:
        """Bring the store up to the archive, unless it is so already or the store fails."""
        if self.is_caught_up or not self._backoff.is_over:
            return LoadReport()
        report = LoadReport()
        try:
            self._remove()
            if self._is_reconciled:
                self._loader.load(self._waiting, report)
            else:
                self._loader.reconcile(report)
        except RetryError as error:
            self._fail(error)
            return report
        self._succeed()
        self._waiting.clear()
        self._is_reconciled = True
        return report

    def show(self, intake: OpenDay, records: int, now_ms: int) -> bool:
        """Write a live snapshot if it is time and there is anything new; `records` counts all that were read."""
        state = (intake.through, records)
        if not (intake.through and self.is_caught_up and self._interval.is_due and self._backoff.is_over):
            return False
        if state == self._shown:
            return False
        open_day = self._local_time.first_day(intake.open_since_ms)
        try:
            with self._interval.measured():
                self._live.write(intake.live(), intake.through, open_day, now_ms)
        except RetryError as error:
            self._fail(error)
            return False
        self._succeed()
        self._shown, self.has_shown = state, True
        return True

    def _remove(self) -> None:
        """Once, before anything is compared: take out of the store what the archive has no longer."""
        if not self._has_removed:
            if type(self._archive) is Archive:  # a shard's part is left to who has all of them
                finish_removals(self._archive, self._store)
            self._has_removed = True

    def _fail(self, error: RetryError) -> None:
        """Try again later; say so once for each time that the store is away."""
        if not self.trouble:
            log.warning("the store takes no counts, which wait in the archive: %s", error)
        self.trouble = str(error)
        self._backoff.fail()

    def _succeed(self) -> None:
        if self.trouble:
            log.info("the store takes counts again")
        self.trouble = ""
        self._backoff.succeed()
