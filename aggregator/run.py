"""The aggregator's loop, in numbered steps."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from aggregator.alarms import AlarmLog
from aggregator.archive import Archive
from aggregator.compaction import compact_day
from aggregator.daily import Daily
from aggregator.day_directories import last_of_month
from aggregator.deliveries import Deliveries
from aggregator.forget import begin_removals
from aggregator.intake import GRACE_MS, Intake
from aggregator.ledger_watch import LedgerReport, LedgerWatch
from aggregator.local_time import LocalTime
from aggregator.projections import Projections
from aggregator.removal import mend_removals
from aggregator.stored_day import StoredDay, read_stored_day
from aggregator.stored_month import read_stored_month, stored_months
from schema.batch import WINDOW_MS
from schema.errors import ArchiveDamagedError
from schema.reserve import Reserve
from schema.settings import Settings
from schema.store import Store

POLL_SECONDS = 0.25
LATE_MS = 60_000  # a window that ended this long ago should have been cut


@dataclass
class Report:
    """What one step did."""

    records: int = 0
    archived: int = 0
    loaded_rows: int = 0
    has_shown: bool = False
    closed: list[date] = field(default_factory=list)


class Aggregator:
    """Everything from spool to store. There is no checkpoint: what it knows is in the spool and the archive."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Callable[[], int],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.alarms = AlarmLog()
        self._clock = clock
        self._archive = Archive(settings.archive_dir, settings.node)
        zones = {site.domain: ZoneInfo(site.timezone) for site in settings.site}
        local_time = LocalTime(zones)
        removals = begin_removals(self._archive)
        self.alarms.add(mend_removals(self._archive.root))
        self._intake = Intake(settings.spool_dir, self._archive, local_time, removals)
        self._delivery = Deliveries(self._archive, store, local_time, settings.aggregator.live_seconds, monotonic)
        self._projections = Projections(store)
        self._projections.look()
        self._reserve = Reserve(settings.spool_dir)
        self._store = store
        self._ledger = LedgerWatch(settings.spool_dir, self._archive, store, zones, monotonic)
        self._daily = Daily(
            self._archive,
            store,
            settings.spool_dir,
            local_time.first_day,
            keep_months=settings.aggregator.keep_months,
            backup_directory=settings.backup_dir,
        )
        self._records = 0

    def run(self, stop: threading.Event) -> None:
        """Step until `stop`. What it raises, a restart may cure: nothing is lost by one."""
        while not stop.is_set():
            with self._reserve.making_room():
                self.step(self._clock())
            stop.wait(POLL_SECONDS)

    def step(self, now_ms: int) -> Report:
        """Do what there is to do now; return what that was."""
        report = Report()
        # 1. When a window has ended, let no hit be older than that any more.
        self._intake.raise_fence(now_ms)
        # 2. Seal what dead workers left behind.
        self.alarms.add(self._intake.recover(now_ms))
        # 3. Count what is in the spool, for the ledger, if it is time.
        if self._delivery.is_caught_up:
            self._ledger.begin()
        # 4. Read what is new; cut windows that nothing can be added to; archive what they close.
        taken = self._intake.take()
        self.alarms.add(taken.problems)
        self._records += taken.records
        report.records, report.archived = taken.records, len(taken.archived)
        # 5. Load what is archived into the store.
        self._delivery.add(taken.archived)
        self._load(report)
        if self._delivery.is_caught_up:
            self._projections.step()
        # 6. Show the visits still open.
        report.has_shown = self._delivery.show(self._intake, self._records, now_ms)
        # 7. Compare what was received with what was made of it.
        if self._delivery.shows_all(self._intake, self._records):
            self.alarms.add(self._ledger.compare(now_ms))
        # 8. Close days of which nothing is open any more.
        report.closed = [day for day in sorted(self._intake.over) if self._close(day, report)]
        # 9. Once a day: drop the months that are not kept, and begin to copy the archive.
        self.alarms.add(self._daily.step(now_ms).problems)
        return report

    def status(self) -> dict[str, object]:
        """Return whether all is counted and shown, and if not, what is in the way; safe to call from any thread."""
        lag_ms = self._lag_ms(self._clock())
        through = self._intake.through
        return {
            "ready": self._delivery.has_shown and not self._delivery.trouble and lag_ms < LATE_MS,
            "store": self._delivery.trouble or "ok",
            "lag_seconds": lag_ms // 1000,
            "batches_waiting": self._delivery.waiting,
            "counted_through": through.end_ms // 1000 if through else 0,
            "alarms": self.alarms.counts.total(),
            "problems": dict(self.alarms.counts),
            "ledger_difference": dict(self._ledger.latest.by_site()) if self._ledger.latest else {},
            "latest_problems": list(self.alarms.latest),
            **self._daily.status,
        }

    def ledger(self, day: date | None, seconds: float) -> LedgerReport | None:
        """Return received = counted + rejected + pending, by site and hour; see LedgerWatch.ask. For other threads."""
        return self._ledger.ask(day, seconds)

    def batches(self, day: date) -> StoredDay:
        """Return what the store has of the batches of a UTC day. For other threads.

        Raises:
            StoreUnavailableError: the store does not answer now.
        """
        return read_stored_day(self._store, self._archive.node, day)

    def stored(self, month: date | None) -> object:
        """Return what the store has of the batches of a UTC month, or of which months it has any. For other threads.

        Raises:
            StoreUnavailableError: the store does not answer now.
        """
        return read_stored_month(self._store, self._archive.node, month) if month else stored_months(self._store)

    def _lag_ms(self, now_ms: int) -> int:
        """Return for how long the oldest window not yet cut could have been; 0 if none could."""
        through = self._intake.through
        return max(0, now_ms - GRACE_MS - through.end_ms - WINDOW_MS) if through else 0

    def _load(self, report: Report) -> None:
        loaded = self._delivery.load()
        report.loaded_rows += loaded.inserted_rows
        self.alarms.add(loaded.problems)
        for day in loaded.lost:
            self._intake.start_over(day)

    def _close(self, day: date, report: Report) -> bool:
        """Compact the day, compare all with the store, delete its segments; False if it has to be read again.

        A store that does not answer is no reason to keep visitor codes: the archive is whole, and it will be loaded.
        """
        try:
            if not self._archive.is_compacted(day):  # else this was interrupted, and segments may be gone already
                self.alarms.add(self._ledger.close(day, is_loaded=self._delivery.is_caught_up))
            compact_day(self._archive, day)
        except ArchiveDamagedError as error:
            self.alarms.add([error])
            self._intake.start_over(day)
            return False
        self._delivery.reconcile()
        self._load(report)
        if day == last_of_month(day):  # the engine merges most parts by itself; to look costs it a link of each
            self._projections.look()
        if day not in self._intake.over:
            return False
        self._intake.close(day)
        return True
