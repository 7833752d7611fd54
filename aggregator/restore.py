"""A backup → an empty archive and an empty store. Interrupted anywhere, it may be run again."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from aggregator import replacement
from aggregator.archive import Archive
from aggregator.backup import copy_archive, read_marker
from aggregator.inventory import counted_days
from aggregator.loader import Loader, LoadReport
from aggregator.removal import read_removals
from aggregator.thinning import Advance, no_advance, thin
from schema.durable_files import fsync_directory, make_directory, replace_file
from schema.errors import SetAsideError, StopError
from schema.rollups import ROLLUPS
from schema.store import Store

MARK = "restoring"  # in the archive, until all of it is loaded


@dataclass
class RestoreReport:
    """What was brought back, and what could not be."""

    days: int = 0
    bytes: int = 0
    rows: int = 0
    problems: list[SetAsideError] = field(default_factory=list)


def restore(
    source: Path, archive: Archive, store: Store, copied: Advance = no_advance, loaded: Advance = no_advance
) -> RestoreReport:
    """Copy the backup in `source` to `archive`, carry out what it says was removed, load `store` from that.

    Raises:
        StopError: `source` is no backup, or archive or store is not empty; nothing was changed.
        StoreUnavailableError: to be run again.
    """
    if read_marker(source) is None:
        raise StopError(f"{source} is not a backup", hint="name the directory that `footfall backup` wrote to")
    _claim(archive, store)
    backup = Archive(source / "archive", archive.node)
    replacement.finish(backup.root)
    copy = copy_archive(backup, archive, copied)
    report = RestoreReport(days=len(counted_days(archive)), bytes=copy.bytes, problems=copy.problems)
    report.problems += thin(archive, read_removals(archive.root)).problems
    report.rows, problems = load_all(archive, store, loaded)
    report.problems += problems
    (archive.root / MARK).unlink()
    fsync_directory(archive.root)
    return report


def load_all(archive: Archive, store: Store, loaded: Advance = no_advance) -> tuple[int, list[SetAsideError]]:
    """Load what the store has not, a month at a time; return how many rows that was, and what could not be loaded."""
    loader, report = Loader(archive, store), LoadReport()
    months = list(loader.months(report))
    loader.load_months(months, report, lambda done: loaded(done, len(months)))
    return report.inserted_rows, report.problems


def _claim(archive: Archive, store: Store) -> None:
    """Refuse anything but two empty places, or those that an interrupted run has begun to fill."""
    if (archive.root / MARK).exists():
        return
    if archive.root.exists() and any(archive.root.iterdir()):
        raise StopError(f"{archive.root} is not empty", hint="restore into an empty data_dir")
    for rollup in ROLLUPS:
        if store.query(f"SELECT 1 FROM {rollup.name} LIMIT 1"):
            raise StopError(f"the store has rows in {rollup.name}", hint="restore into an empty store")
    make_directory(archive.root)
    replace_file(archive.root / MARK, b"")
