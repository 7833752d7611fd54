"""Keeping, copying, comparing and forgetting, as commands: each says what it did, and returns the exit code."""

from __future__ import annotations

import contextlib
import functools
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from aggregator import forget as forgetting
from aggregator import replacement
from aggregator.archive import Archive
from aggregator.backup import back_up
from aggregator.local_time import LocalTime
from aggregator.restore import restore as restore_backup
from aggregator.retention import first_kept
from aggregator.retention import prune as drop_months
from aggregator.stored_month import StoredMonth
from aggregator.verify import Difference, VerifyReport, compare_months, verify_archive, verify_store
from footfall.adding_up import add_up
from footfall.clock import utc_now_ms
from footfall.process import own_directory
from footfall.running import ask_running
from footfall.slow_progress import SlowProgress
from schema import migrate
from schema.errors import DataDirInUseError, FootfallError, SettingError, StopError, StoreUnavailableError
from schema.fence import read_fence
from schema.settings import Settings
from schema.store import Store, open_store

_SHOWN_DIFFERENCES = 50
_PAUSE_SECONDS = 1.0  # for a batch that is on its way from the archive to the store


def prune(settings: Settings, say: Console, *, dry_run: bool) -> int:
    """Drop the months that `aggregator.keep_months` does not keep; `serve` does the same once a day."""
    before = first_kept(_local_time(settings).first_day(utc_now_ms()), settings.aggregator.keep_months)
    if not settings.aggregator.keep_months:
        say.print("Every month is kept: aggregator.keep_months is 0.")
        return 0
    with _stopped(settings) as (archive, store), SlowProgress(say, "Looking through the archive") as advance:
        report = drop_months(archive, store, before, advance, dry_run=dry_run)
    if report.is_empty:
        say.print(f"Nothing is older than {before:%B %Y}, the first month that is kept.")
    else:
        months = ", ".join(f"{year}-{month:02}" for year, month in sorted(report.archive.months))
        say.print(
            f"{'Would drop' if dry_run else 'Dropped'} everything before {before:%B %Y} ({months or 'in the store'}):"
            f" {report.archive.rows:,} rows and {_size(report.archive.bytes)} of the archive,"
            f" {report.stored_rows:,} rows of the store."
        )
    return _complain(say, report.archive.problems)


def forget(settings: Settings, say: Console, site: str) -> int:
    """Remove everything that was counted of a site: archive, store, live counts. It cannot be undone."""
    refuse_known(settings, site)
    with _stopped(settings) as (archive, store), SlowProgress(say, "Looking through the archive") as advance:
        until_ms = max(utc_now_ms(), read_fence(settings.spool_dir))
        report = forgetting.forget(archive, store, site, until_ms, advance)
    say.print(
        f"Forgot {site}: {report.archive.rows:,} rows of {report.archive.days} days in the archive"
        f" ({_size(max(0, report.archive.bytes))}), {report.stored_rows:,} rows of the store."
    )
    if report.quarantined_days:
        say.print("Damaged batches in archive/quarantine are gone as well: nobody can tell whose rows they held.")
    say.print("Hits of today that are in the spool will not count, and leave it when their day is closed.")
    say.print("A backup follows with the next `footfall backup`.")
    return _complain(say, report.archive.problems)


def refuse_known(settings: Settings, site: str) -> None:
    """Raise StopError while the site is in the settings: it would be counted again at once."""
    if settings.site_of(site):
        raise StopError(
            f"{site} is still among the sites in the settings", hint="remove its [[site]] from the settings first"
        )


def backup(settings: Settings, say: Console, destination: Path | None) -> int:
    """Copy what is new in the archive; works while Footfall runs. No keys, no spool, no secret."""
    directory = destination or (Path(settings.backup.directory) if settings.backup.directory else None)
    if directory is None:
        raise SettingError("backup.directory", "", "a directory, there or as the argument of this command")
    _refuse_inside(directory, settings)
    archive = Archive(settings.archive_dir, settings.node)
    with SlowProgress(say, "Copying") as advance:
        report = back_up(archive, directory, utc_now_ms(), advance)
    if report.files or report.removed_days:
        gone = f"; {report.removed_days} days are gone from it, as from the archive" if report.removed_days else ""
        say.print(f"Copied {report.files:,} files of {report.days} days ({_size(report.bytes)}) to {directory}{gone}.")
    elif not report.problems:
        say.print(f"{directory} has everything already.")
    return _complain(say, report.problems)


def restore(settings: Settings, say: Console, source: Path) -> int:
    """Rebuild an empty archive and store from a backup."""
    start = time.monotonic()
    with (
        _stopped(settings) as (archive, store),
        SlowProgress(say, "Copying") as copied,
        SlowProgress(say, "Loading the store") as loaded,
    ):
        report = restore_backup(source, archive, store, copied, loaded)
        say.print(
            f"Restored {report.days} days ({_size(report.bytes)}); loaded {report.rows:,} rows"
            f" in {time.monotonic() - start:.1f} s."
        )
        add_up(store, say)
    return _complain(say, report.problems)


def verify(settings: Settings, say: Console, backup: Path | None, *, deep: bool) -> int:
    """Compare the archive's files with their checksums, and the store with the archive."""
    archive = Archive(backup / "archive" if backup else settings.archive_dir, settings.node)
    with SlowProgress(say, "Checking the archive") as advance:
        report = verify_archive(archive, advance, deep=deep)
    compared = backup is None and _verify_store(settings, archive, report, say)
    say.print(f"The archive has {report.files:,} files of {report.days} days.")
    if compared:
        say.print(f"The store has {report.stored_rows:,} rows; the archive {report.batches:,} batches of tables.")
    if report.differences:
        _show(say, report.differences)
        return 1
    say.print("No difference.")
    return 0


def _verify_store(settings: Settings, archive: Archive, report: VerifyReport, say: Console) -> bool:
    """Compare; say so if that cannot be done now."""
    try:
        with _stopped(settings) as (_, store), SlowProgress(say, "Comparing the store") as advance:
            verify_store(archive, store, report, advance)
    except DataDirInUseError:
        return _verify_running(settings, archive, report, say)
    return True


def _verify_running(settings: Settings, archive: Archive, report: VerifyReport, say: Console) -> bool:
    """Ask the Footfall that runs what the store has: nobody else can."""

    def read(month: date) -> StoredMonth:
        return ask_running(settings, "stored", month, StoredMonth)

    try:
        months = ask_running(settings, "stored", None, list[date])
        with SlowProgress(say, "Comparing the store") as advance:
            pause = functools.partial(time.sleep, _PAUSE_SECONDS)
            compare_months(archive, months, read, report, advance=advance, pause=pause)
    except StoreUnavailableError as error:
        say.print(f"Only the files are checked: {error}. Ask again once Footfall is ready, or stop it first.")
        return False
    return True


def _show(say: Console, differences: list[Difference]) -> None:
    table = Table("day", "table", "batch", "found", "expected")
    for difference in differences[:_SHOWN_DIFFERENCES]:
        table.add_row(
            difference.day.isoformat(), difference.table, difference.batch, difference.found, difference.expected
        )
    say.print(table)
    more = len(differences) - _SHOWN_DIFFERENCES
    say.print(f"{len(differences):,} differences{f', {more:,} of them not shown' if more > 0 else ''}.")


@contextmanager
def _stopped(settings: Settings) -> Iterator[tuple[Archive, Store]]:
    """Give the archive and the migrated store, with nobody else at work on them.

    Raises:
        DataDirInUseError: Footfall runs.
    """
    with contextlib.ExitStack() as claims:
        for directory, name in ((settings.data_dir, "footfall.lock"), (settings.spool_dir, "aggregator.lock")):
            claims.callback(os.close, own_directory(directory, name))
        store = claims.enter_context(contextlib.closing(open_store(settings)))
        migrate.apply(store)
        replacement.finish(settings.archive_dir)
        yield Archive(settings.archive_dir, settings.node), store


def _local_time(settings: Settings) -> LocalTime:
    return LocalTime({site.domain: ZoneInfo(site.timezone) for site in settings.site})


def _refuse_inside(directory: Path, settings: Settings) -> None:
    if directory.resolve().is_relative_to(settings.data_dir.resolve()):
        raise SettingError("backup.directory", str(directory), "a directory outside data_dir, best on another disk")


def _complain(say: Console, problems: Iterable[FootfallError]) -> int:
    """Say what went wrong; with anything to say, the command has failed."""
    told = [str(problem) for problem in problems]
    for sentence in told:
        say.print(sentence)
    return int(bool(told))


def _size(count: int) -> str:
    for unit in ("bytes", "KB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count //= 1000
    return f"{count:,} GB"
