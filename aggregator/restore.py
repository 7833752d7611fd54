"""A backup → an empty archive and an empty store. Interrupted anywhere, it may be run again."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from aggregator import replacement
from aggregator.archive import Archive
from aggregator.arrow_memory import pages_kept
from aggregator.backup import copy_archive, read_marker
from aggregator.inventory import counted_days
from aggregator.loader import Loader, LoadReport
from aggregator.removal import read_removals
from aggregator.restoring import begin_restoring, end_restoring, is_being_restored
from aggregator.thinning import Advance, no_advance, thin
from schema.errors import SetAsideError, StopError
from schema.rollups import ROLLUPS
from schema.store import Store


@dataclass
class RestoreReport:
    """What was brought back, and what could not be."""

    days: int = 0
    bytes: int = 0
    rows: int = 0
    problems: list[SetAsideError] = field(default_factory=list)


def restore(
    source: Path,
    archive: Archive,
    store: Store,
    copied: Advance = no_advance,
    loaded: Advance = no_advance,
    *,
    incomplete: bool = False,
) -> RestoreReport:
    """Copy the backup in `source` to `archive`, carry out what it says was removed, load `store` from that.

    With problems in the report the archive stays marked as half restored, for this to be run again; not so if what is
    `incomplete` is wanted all the same.

    Raises:
        StopError: `source` is no backup, or no complete one; archive or store is not empty; nothing was changed.
        StoreUnavailableError: to be run again.
    """
    if not read_marker(source).completed_ms and not incomplete:
        raise StopError(
            f"the backup in {source} was never completed: days may be missing",
            hint="run footfall backup again if its archive is still there; --incomplete restores what there is",
        )
    _claim(archive, store)
    backup = Archive(source / "archive", archive.node)
    replacement.finish(backup.root)
    copy = copy_archive(backup, archive, copied)
    report = RestoreReport(days=len(counted_days(archive)), bytes=copy.bytes, problems=copy.problems)
    report.problems += thin(archive, read_removals(archive.root)).problems
    report.rows, problems = load_all(archive, store, loaded)
    report.problems += problems
    if incomplete or not report.problems:
        end_restoring(archive.root)
    return report


def load_all(archive: Archive, store: Store, loaded: Advance = no_advance) -> tuple[int, list[SetAsideError]]:
    """Load what the store has not, some months at a time; return how many rows that was, and what was damaged."""
    loader, report = Loader(archive, store), LoadReport()
    months = list(loader.months(report))
    with pages_kept():
        loader.load_months(months, report, lambda done: loaded(done, len(months)))
    return report.inserted_rows, report.problems


def _claim(archive: Archive, store: Store) -> None:
    """Refuse anything but two empty places, or those that an interrupted run has begun to fill."""
    if is_being_restored(archive.root):
        return
    if archive.root.exists() and any(archive.root.iterdir()):
        raise StopError(f"{archive.root} is not empty", hint="restore into an empty data_dir")
    for rollup in ROLLUPS:
        if store.query(f"SELECT 1 FROM {rollup.name} LIMIT 1"):
            raise StopError(f"the store has rows in {rollup.name}", hint="restore into an empty store")
    begin_restoring(archive.root)
