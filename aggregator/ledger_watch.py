"""The ledger while Footfall runs: compared every minute and when a day is closed; a difference is an alarm."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from aggregator.archive import Archive
from aggregator.archived_hours import archived_hours
from aggregator.ledger import Evidence, LedgerRow, closed_rows, compare, hours_of, merge_rows
from aggregator.removal import forgotten_records, read_removals
from aggregator.spool_count import DayCount, SpoolCount
from aggregator.store_count import archived_books, batches_of, closed_books, live_books, others_books
from schema.errors import FootfallError, LedgerDifferenceError, RetryError
from schema.settings import Settings
from schema.store import Store

INTERVAL_SECONDS = 60.0
RETRY_SECONDS = 5.0
LOOK_BYTES = 32 * 1024 * 1024  # of segments not read before, at each step: a restart late in the day has many


class LedgerReport(msgspec.Struct, frozen=True):
    """The ledger of the days that are open, as it was at `compared_at`."""

    compared_at: int  # milliseconds since the epoch
    rows: tuple[LedgerRow, ...]
    problems: tuple[str, ...] = ()  # beyond differences of single hours

    @property
    def difference(self) -> int:
        """How many records the sides do not agree on."""
        return sum(row.difference for row in self.rows)

    def by_site(self) -> Counter[str]:
        """Return that by site; sites without a difference count 0."""
        differences: Counter[str] = Counter()
        for row in self.rows:
            differences[row.site] += row.difference
        return differences


class LedgerWatch:
    """Compares from the aggregator's own loop, which is where nothing moves from batch to live meanwhile.

    Segments are renamed while they are listed: a difference is one if it is seen twice.
    """

    def __init__(
        self,
        spool_dir: Path,
        archive: Archive,
        store: Store,
        zones: Mapping[str, tzinfo],
        monotonic: Callable[[], float],
    ) -> None:
        self.latest: LedgerReport | None = None
        self._archive = archive
        self._store = store
        self._spool = SpoolCount(spool_dir, forgotten_records(read_removals(archive.root)))
        self._hour_of = hours_of(zones)
        self._monotonic = monotonic
        self._due_at = float("-inf")
        self._low: Mapping[date, DayCount] | None = None
        self._suspects: Counter[tuple[str, date, int]] = Counter()
        self._alarmed: set[tuple[str, date, int, int]] = set()
        self._changed = threading.Condition()
        self._is_wanted = False

    def begin(self) -> None:
        """Look at the spool if it is time: all that is there is to be in the store when `compare` is called."""
        self._low = None
        if self._is_wanted or self._monotonic() >= self._due_at:
            seen = self._spool.look(self._days(), LOOK_BYTES)
            self._low = seen if self._spool.has_seen_all else None

    def compare(self, now_ms: int) -> list[FootfallError]:
        """Compare, if `begin` has looked and the newest snapshot shows all that was read since; return what is new."""
        if self._low is None:
            return []
        try:
            report = self._report(self._low, now_ms)
        except RetryError:  # who loads will say so
            self._due_at = self._monotonic() + RETRY_SECONDS
            return []
        differences = Counter({_hour(row): row.difference for row in report.rows if row.difference})
        is_certain = not differences or differences.keys() & self._suspects.keys()
        self._suspects = differences
        if not is_certain:
            return []  # again at the next chance
        self._publish(report)
        return self._news(report)

    def close(self, day: date, *, is_loaded: bool) -> list[FootfallError]:
        """Compare a UTC day that is over while its segments are there; with the archive where the store lags behind.

        Raises:
            ArchiveDamagedError: the archive had to be asked, and is not as it was written.
        """
        found = self._spool.look([day])
        try:
            books = batches_of(self._store, self._archive.node, [day], None) if is_loaded else None
        except RetryError:
            books = None
        if books is None:
            books = archived_books(self._archive, day)
        rows = compare(Evidence(found, found, books, {}), self._hour_of)
        return self._news(LedgerReport(0, tuple(rows), _problems(found)))

    def ask(self, day: date | None, seconds: float) -> LedgerReport | None:
        """Return a fresh report, or after `seconds` the latest; with the hours of local `day` of which the spool is
        gone. For any other thread. None before the first.

        Raises:
            StoreUnavailableError: the store does not answer now.
        """
        with self._changed:
            before, self._is_wanted = self.latest, True
            self._changed.wait_for(lambda: self.latest is not before, seconds)
            report = self.latest
        if report is None or day is None:
            return report
        closed, problems = _closed(self._store, self._archive, day, self._days())
        rows = merge_rows([*(row for row in report.rows if row.day == day), *closed])
        return msgspec.structs.replace(report, rows=tuple(rows), problems=(*report.problems, *problems))

    def _report(self, low: Mapping[date, DayCount], now_ms: int) -> LedgerReport:
        snapshot, live = live_books(self._store, self._archive.node)
        high = self._spool.look(self._days())
        batches = batches_of(self._store, self._archive.node, high, snapshot)
        return LedgerReport(now_ms, tuple(compare(Evidence(low, high, batches, live), self._hour_of)), _problems(high))

    def _days(self) -> Sequence[date]:
        """Return the days in the spool, but those that are closed: their segments may be half gone."""
        return [day for day in self._spool.days() if not self._archive.is_compacted(day)]

    def _publish(self, report: LedgerReport) -> None:
        with self._changed:
            self.latest, self._is_wanted = report, False
            self._changed.notify_all()
        self._low, self._due_at = None, self._monotonic() + INTERVAL_SECONDS

    def _news(self, report: LedgerReport) -> list[FootfallError]:
        """Return what no alarm has said yet."""
        new = [row for row in report.rows if row.difference and (*_hour(row), row.difference) not in self._alarmed]
        self._alarmed |= {(*_hour(row), row.difference) for row in new}
        said = {problem for problem in report.problems if (problem, date.min, 0, 0) not in self._alarmed}
        self._alarmed |= {(problem, date.min, 0, 0) for problem in said}
        return [*map(_describe, new), *map(LedgerDifferenceError, sorted(said))]


def _hour(row: LedgerRow) -> tuple[str, date, int]:
    return row.site, row.day, row.hour


def _problems(days: Mapping[date, DayCount]) -> tuple[str, ...]:
    return tuple(
        f"the tallies of {day} lack {count.missing_entries} entries: what was acknowledged is not known"
        for day, count in days.items()
        if count.missing_entries
    )


def _describe(row: LedgerRow) -> LedgerDifferenceError:
    hour = datetime.fromtimestamp(row.hour, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return LedgerDifferenceError(
        f"the ledger of {row.site or 'no site'} differs by {row.difference} records in the hour from {hour}:"
        f" {row.received} received, {row.counted} counted, {sum(row.rejected.values())} rejected, {row.pending} pending"
    )


def stopped_report(settings: Settings, store: Store, day: date | None, now_ms: int) -> LedgerReport:
    """Return the ledger while no aggregator runs: what is in the spool and in no batch waits for its next start.

    Raises:
        StoreUnavailableError: the store does not answer now.
    """
    archive = Archive(settings.archive_dir, settings.node)
    spool = SpoolCount(settings.spool_dir, forgotten_records(read_removals(settings.archive_dir)))
    days = [each for each in spool.days() if not archive.is_compacted(each)]
    found = spool.look(days)
    zones = {site.domain: ZoneInfo(site.timezone) for site in settings.site}
    books = batches_of(store, settings.node, days, None)
    rows = compare(Evidence({}, found, books, {}), hours_of(zones))
    if day is not None:
        closed, said = _closed(store, archive, day, days)
        rows = merge_rows([*(row for row in rows if row.day == day), *closed])
        return LedgerReport(now_ms, tuple(rows), (*_problems(found), *said))
    return LedgerReport(now_ms, tuple(rows), _problems(found))


def _closed(store: Store, archive: Archive, day: date, open_days: Sequence[date]) -> tuple[list[LedgerRow], list[str]]:
    """Return the rows of hours of local `day` of which the spool is gone, and what cannot be read of the archive."""
    archived, problems = archived_hours(archive, day, open_days)
    stored = closed_books(store, archive.node, day, open_days)
    others = closed_rows(others_books(store, archive.node, day))
    return merge_rows([*closed_rows(stored, archived), *others]), problems
