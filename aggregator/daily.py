"""What is done once a day, when the day before is closed: months are dropped and compacted, the archive backed up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from aggregator.archive import Archive
from aggregator.backup import BackupReport, back_up, find_marker
from aggregator.day_directories import days_in
from aggregator.inventory import counted_days
from aggregator.months import compact_span, spans_to_compact
from aggregator.retention import PruneReport, first_kept, prune
from schema.batch import day_start_ms, utc_day
from schema.errors import FootfallError, RetryError
from schema.store import Store

RETRY_MS = 3_600_000
RECENT = timedelta(days=31)
RECENT_DAYS = 7  # with counts, of the recent ones: else the clock may be wrong, and no month is dropped by itself


@dataclass
class DailyReport:
    """What one look at the clock led to."""

    pruned: PruneReport | None = None
    compacted: tuple[date, date] | None = None  # from the first to the last of these days
    backed_up: BackupReport | None = None
    problems: list[FootfallError] = field(default_factory=list)


@dataclass
class _Task:
    """When something was last done, and may be tried again."""

    done: date = date.min  # UTC
    not_before_ms: int = 0
    trouble: str = ""

    def is_due(self, now_ms: int) -> bool:
        return self.done < utc_day(now_ms) and now_ms >= self.not_before_ms

    def succeed(self, now_ms: int) -> None:
        self.done, self.trouble = utc_day(now_ms), ""

    def fail(self, now_ms: int, error: FootfallError) -> None:
        self.not_before_ms, self.trouble = now_ms + RETRY_MS, str(error)


class Daily:
    """Prunes in the caller's thread, which takes little; backs up in a thread of its own, whatever it has to wait for.

    `backup_directory` is None for no backup, `keep_months` 0 for ever; `first_day` gives the earliest local date that
    any site has at an instant.
    """

    def __init__(
        self,
        archive: Archive,
        store: Store,
        spool_dir: Path,
        first_day: Callable[[int], date],
        *,
        keep_months: int,
        backup_directory: Path | None,
    ) -> None:
        self._archive = archive
        self._store = store
        self._spool_dir = spool_dir
        self._first_day = first_day
        self._keep_months = keep_months
        self._directory = backup_directory
        self._pruning = _Task()
        self._compaction = _Task()
        self._backup = _Task()
        self._thread: threading.Thread | None = None
        self._finished: list[DailyReport] = []  # by the thread, for the next step
        self._completed_ms = 0
        if backup_directory and (marker := find_marker(backup_directory)):
            self._completed_ms = marker.completed_ms
            self._backup.done = utc_day(marker.completed_ms)

    def step(self, now_ms: int) -> DailyReport:
        """Do what is due, and return what came of it and of what was begun before."""
        report = self._finished.pop() if self._finished else DailyReport()
        is_due = any(task.is_due(now_ms) for task in (self._pruning, self._compaction, self._backup))
        if is_due and self._is_yesterday_closed(now_ms):
            self._prune(now_ms, report)
            self._compact(now_ms, report)
            if report.compacted is None:
                self._begin_backup(now_ms)
        return report

    @property
    def status(self) -> dict[str, object]:
        """Return when the last backup was complete, in seconds since the epoch, and what is in the way of the next."""
        return {
            "backup": "off" if self._directory is None else self._backup.trouble or "ok",
            "backup_completed": self._completed_ms // 1000,
            "pruning": self._pruning.trouble or "ok",
        }

    def join(self, seconds: float | None = None) -> None:
        """Wait for a backup that is under way."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _is_yesterday_closed(self, now_ms: int) -> bool:
        """Whether nothing of earlier days is in the spool; what is there for an hour is not waited for any longer."""
        today = utc_day(now_ms)
        return now_ms - day_start_ms(today) > RETRY_MS or not any(day < today for day in days_in(self._spool_dir))

    def _prune(self, now_ms: int, report: DailyReport) -> None:
        if not self._pruning.is_due(now_ms):
            return
        if not self._is_borne_out(now_ms):
            return  # a clock that is years ahead would take everything
        before = first_kept(self._first_day(now_ms), self._keep_months)
        try:
            if before > date.min + timedelta(days=31):
                report.pruned = prune(self._archive, self._store, before)
                report.problems += report.pruned.archive.problems
        except RetryError as error:  # the store: whoever delivers to it says so too
            self._pruning.fail(now_ms, error)
            return
        except FootfallError as error:
            self._pruning.fail(now_ms, error)
            report.problems.append(error)
            return
        self._pruning.succeed(now_ms)

    def _compact(self, now_ms: int, report: DailyReport) -> None:
        """Compact days that are over, a month or less at each call; that closes them for good."""
        if not self._compaction.is_due(now_ms) or not self._is_borne_out(now_ms):
            return
        if self._thread and self._thread.is_alive():
            return  # what is being copied stays where it is
        oldest = min([utc_day(now_ms), *days_in(self._spool_dir)])
        try:
            for first, last in spans_to_compact(self._archive, oldest):
                if compact_span(self._archive, first, last):
                    report.compacted = (first, last)
                    return
        except FootfallError as error:
            self._compaction.fail(now_ms, error)
            report.problems.append(error)
            return
        self._compaction.succeed(now_ms)

    def _is_borne_out(self, now_ms: int) -> bool:
        """Whether enough was counted lately to believe the clock: what is dropped for its sake is gone for good."""
        today = utc_day(now_ms)
        first = today - RECENT
        counted = {*days_in(self._archive.root), *counted_days(self._archive, since=first)}  # in days, and in spans
        return len([day for day in counted if first <= day < today]) >= RECENT_DAYS

    def _begin_backup(self, now_ms: int) -> None:
        if self._directory is None or not self._backup.is_due(now_ms) or (self._thread and self._thread.is_alive()):
            return
        self._backup.not_before_ms = now_ms + RETRY_MS
        # A daemon: whatever it is killed at, the copy is whole.
        arguments = (self._directory, now_ms)
        self._thread = threading.Thread(target=self._back_up, args=arguments, name="backup", daemon=True)
        self._thread.start()

    def _back_up(self, directory: Path, now_ms: int) -> None:
        report = DailyReport()
        try:
            report.backed_up = back_up(self._archive, directory, now_ms)
            report.problems += report.backed_up.problems
        except FootfallError as error:
            report.problems.append(error)
        if report.problems:
            self._backup.fail(now_ms, report.problems[0])
        else:
            self._backup.succeed(now_ms)
            self._completed_ms = now_ms
        self._finished.append(report)
