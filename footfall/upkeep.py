"""Keeping, copying and forgetting, as commands: each says what it did, and returns the exit code."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console

from aggregator import forget as forgetting
from aggregator import replacement
from aggregator.archive import Archive
from aggregator.backup import back_up
from aggregator.local_time import LocalTime
from aggregator.restore import restore as restore_backup
from aggregator.restoring import refuse_half_restored
from aggregator.retention import first_kept
from aggregator.retention import prune as drop_months
from footfall.adding_up import add_up
from footfall.amounts import amount, size
from footfall.clock import utc_now_ms
from footfall.process import own_directory, refuse_absent
from footfall.slow_progress import SlowProgress
from schema import migrate
from schema.check_settings import DOMAIN_EXPECTED, is_domain
from schema.errors import ArgumentError, FootfallError, SettingError, StopError
from schema.fence import read_fence
from schema.settings import Settings
from schema.store import Store, open_store


def prune(settings: Settings, say: Console, *, dry_run: bool) -> int:
    """Drop the months that `aggregator.keep_months` does not keep; `serve` does the same once a day."""
    before = first_kept(_local_time(settings).first_day(utc_now_ms()), settings.aggregator.keep_months)
    if not settings.aggregator.keep_months:
        say.print("Every month is kept: aggregator.keep_months is 0.")
        return 0
    refuse_absent(settings)
    with stopped(settings) as (archive, store), SlowProgress(say, "Looking through the archive") as advance:
        report = drop_months(archive, store, before, advance, dry_run=dry_run)
    if report.is_empty:
        say.print(f"Nothing is older than {before:%B %Y}, the first month that is kept.")
    else:
        months = ", ".join(f"{year}-{month:02}" for year, month in sorted(report.archive.months))
        say.print(
            f"{'Would drop' if dry_run else 'Dropped'} everything before {before:%B %Y} ({months or 'in the store'}):"
            f" {amount(report.archive.rows, 'row')} and {size(report.archive.bytes)} of the archive,"
            f" {amount(report.stored_rows, 'row')} of the store."
        )
    return _complain(say, report.archive.problems)


def forget(settings: Settings, say: Console, site: str) -> int:
    """Remove everything that was counted of a site: archive, store, live counts. It cannot be undone."""
    refuse_absent(settings)
    refuse_known(settings, site)
    with stopped(settings) as (archive, store), SlowProgress(say, "Looking through the archive") as advance:
        until_ms = max(utc_now_ms(), read_fence(settings.spool_dir))
        report = forgetting.forget(archive, store, site, until_ms, advance)
    if report.archive.rows or report.stored_rows:
        say.print(
            f"Forgot {site}: {amount(report.archive.rows, 'row')} of {amount(report.archive.days, 'day')}"
            f" in the archive ({size(max(0, report.archive.bytes))}), {amount(report.stored_rows, 'row')} of the store."
        )
    else:
        say.print(f"Neither archive nor store had anything of {site}; should it ever have been called so?")
    if report.quarantined_days:
        say.print("Damaged batches in archive/quarantine are gone as well: nobody can tell whose rows they held.")
    say.print("Hits of today that are in the spool will not count, and leave it when their day is closed.")
    if report.stored_rows:
        say.print("Old files of the store that still hold its rows are removed within ten minutes of Footfall running.")
    say.print("A backup follows with the next `footfall backup`.")
    return _complain(say, report.archive.problems)


def refuse_known(settings: Settings, site: str) -> None:
    """Let only a site be forgotten that is none of the settings', where it would be counted again at once.

    Raises:
        ArgumentError: it is no domain.
        StopError: it is in the settings.
    """
    if not is_domain(site):
        raise ArgumentError("SITE", site, DOMAIN_EXPECTED)
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
    refuse_absent(settings)
    refuse_half_restored(settings.archive_dir)
    archive = Archive(settings.archive_dir, settings.node)
    with SlowProgress(say, "Copying") as advance:
        report = back_up(archive, directory, utc_now_ms(), advance)
    if report.files or report.removed_days:
        copied = f"{amount(report.files, 'file')} of {amount(report.days, 'day')} ({size(report.bytes)})"
        removed = f"; removed {amount(report.removed_days, 'day')} from it, as from the archive"
        say.print(f"Copied {copied} to {directory}{removed if report.removed_days else ''}.")
    elif not report.problems:
        say.print(f"{directory} has everything already.")
    return _complain(say, report.problems)


def restore(settings: Settings, say: Console, source: Path, *, incomplete: bool) -> int:
    """Rebuild an empty archive and store from a backup."""
    start = time.monotonic()
    with (
        stopped(settings, is_restoring=True) as (archive, store),
        SlowProgress(say, "Copying") as copied,
        SlowProgress(say, "Loading the store") as loaded,
    ):
        report = restore_backup(source, archive, store, copied, loaded, incomplete=incomplete)
        say.print(
            f"Restored {amount(report.days, 'day')} ({size(report.bytes)}); loaded {amount(report.rows, 'row')}"
            f" in {time.monotonic() - start:.1f} s."
        )
        add_up(store, say)
    failed = _complain(say, report.problems)
    if failed and not incomplete:
        say.print("Mend the backup and run this again, which goes on from here; --incomplete ends with what there is.")
    return failed


@contextmanager
def stopped(settings: Settings, *, is_restoring: bool = False) -> Iterator[tuple[Archive, Store]]:
    """Give the archive and the migrated store, with nobody else at work on them.

    Raises:
        DataDirInUseError: Footfall runs.
        StopError: the archive is half restored, and this is not to go on with that.
    """
    with contextlib.ExitStack() as claims:
        for directory, name in ((settings.data_dir, "footfall.lock"), (settings.spool_dir, "aggregator.lock")):
            claims.callback(os.close, own_directory(directory, name))
        if not is_restoring:
            refuse_half_restored(settings.archive_dir)
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
