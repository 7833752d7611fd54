"""Months that are no longer kept: taken out of the archive, then out of the store, as often as it takes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import msgspec

from aggregator.archive import Archive
from aggregator.day_directories import first_of_month
from aggregator.inventory import take_inventory
from aggregator.removal import DroppedMonths, read_removals, write_removals
from aggregator.thinning import Advance, ThinReport, no_advance, thin
from schema.rollups import ROLLUPS
from schema.store import Store


class PruneReport(msgspec.Struct):
    """What was dropped: out of the archive, and rows out of the store."""

    before: date
    archive: ThinReport
    stored_rows: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing to drop."""
        return not (self.archive.rows or self.stored_rows)


def first_kept(today: date, keep_months: int) -> date:
    """Return the first day that is kept: `keep_months` whole months before that of `today`; the first ever for 0."""
    months = today.year * 12 + today.month - 1 - keep_months
    return date(months // 12, months % 12 + 1, 1) if keep_months and months >= 12 else date.min


def prune(
    archive: Archive, store: Store, before: date, advance: Advance = no_advance, *, dry_run: bool = False
) -> PruneReport:
    """Drop all local days of sites before `before`, the first of a month. Interrupted anywhere, it may be run again.

    DROP PARTITION may be half done after a crash, or parts may come back: so what the store has is asked each time,
    and nobody compares these months with the archive, which has them no longer.

    Raises:
        StoreUnavailableError: dropped from the archive only; to be run again.
    """
    removal = DroppedMonths(before)
    if not dry_run and _is_touched(archive, removal):
        _record(archive, removal)
    report = PruneReport(before, thin(archive, [removal], advance, dry_run=dry_run))
    for table, month, rows in _stored_months(store, before):
        report.stored_rows += rows
        if not dry_run:
            store.execute(f"ALTER TABLE {table} DROP PARTITION {month}")
    return report


def _record(archive: Archive, removal: DroppedMonths) -> None:
    """Note it, instead of what was noted of earlier months."""
    others = tuple(known for known in read_removals(archive.root) if not isinstance(known, DroppedMonths))
    known = [known.before for known in read_removals(archive.root) if isinstance(known, DroppedMonths)]
    write_removals(archive.root, (*others, DroppedMonths(max([removal.before, *known]))))


def _is_touched(archive: Archive, removal: DroppedMonths) -> bool:
    return any(
        removal.may_touch(chunk)
        for day in archive.days()
        # A local day that is over began at most a day after the UTC day of its name; a month's files are with its last.
        if first_of_month(day) <= removal.before
        for chunk in take_inventory(archive, day).figures.values()
    )


def _stored_months(store: Store, before: date) -> Iterator[tuple[str, int, int]]:
    """Yield table, month (YYYYMM) and rows of what the store has of older months."""
    if before == date.min:
        return
    for rollup in ROLLUPS:
        found = store.query(
            f"SELECT toYYYYMM(day), count() FROM {rollup.name} WHERE day < {{before:Date}} GROUP BY toYYYYMM(day)",
            {"before": before.isoformat()},
        )
        for month, rows in sorted(found):
            yield rollup.name, int(month), int(rows)
