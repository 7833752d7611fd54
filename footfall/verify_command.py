"""`footfall verify`: the files of archive or backup against their checksums, the store against the archive."""

from __future__ import annotations

import functools
import time
from datetime import UTC, date, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from aggregator.archive import Archive
from aggregator.backup import read_marker
from aggregator.removal import ForgottenSite, read_removals
from aggregator.stored_month import StoredMonth
from aggregator.verify import Difference, VerifyReport, compare_months, verify_archive, verify_store
from footfall.amounts import amount
from footfall.process import refuse_absent
from footfall.running import ask_running
from footfall.slow_progress import SlowProgress
from footfall.upkeep import stopped
from schema.errors import ArchiveDamagedError, DataDirInUseError, StoreUnavailableError
from schema.settings import Settings

EXIT_DIFFERENT = 1
_SHOWN_DIFFERENCES = 50
_PAUSE_SECONDS = 1.0  # for a batch that is on its way from the archive to the store


def verify(settings: Settings, say: Console, *, deep: bool) -> int:
    """Compare the archive's files with their checksums, and the store with the archive; return the exit code.

    Raises:
        SettingError: there is no data_dir.
        StopError: the archive is half restored.
    """
    refuse_absent(settings)
    archive = Archive(settings.archive_dir, settings.node)
    report = _verify_files(archive, say, deep=deep)
    damaged = len(report.differences)
    if _verify_store(settings, archive, report, say):
        say.print(f"The store has {report.stored_rows:,} rows; the archive {report.batches:,} batches of tables.")
    code = _conclude(say, report)
    for site in _half_forgotten(archive):
        say.print(f"footfall forget {site} was interrupted: run it again, or start Footfall, which ends it.")
    if damaged:
        say.print(
            "With Footfall stopped, put a backup's files in the place of damaged ones (docs/install.md, Mending)."
        )
    if len(report.differences) > damaged:
        say.print("What the store lacks is loaded when Footfall starts; for the rest see docs/install.md, Mending.")
    return code


def verify_backup(directory: Path, node: int, say: Console, *, deep: bool) -> int:
    """Compare a backup's files with their checksums; return the exit code.

    Raises:
        StopError: it is no backup.
    """
    marker = read_marker(directory)
    report = _verify_files(Archive(directory / "archive", node), say, deep=deep)
    code = _conclude(say, report)
    if code:
        say.print(
            "Remove the .json of each damaged batch from the backup: the next footfall backup copies the batch anew."
        )
    if not marker.completed_ms:
        say.print("The backup was never completed: days may be missing. Run footfall backup again.")
        return EXIT_DIFFERENT
    say.print(f"It was last complete on {datetime.fromtimestamp(marker.completed_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC.")
    return code


def _verify_files(archive: Archive, say: Console, *, deep: bool) -> VerifyReport:
    with SlowProgress(say, "Checking the archive") as advance:
        report = verify_archive(archive, advance, deep=deep)
    say.print(f"The archive has {amount(report.files, 'file')} of {amount(report.days, 'day')}.")
    return report


def _conclude(say: Console, report: VerifyReport) -> int:
    if report.differences:
        _show(say, report.differences)
        return EXIT_DIFFERENT
    say.print("No difference.")
    return 0


def _half_forgotten(archive: Archive) -> list[str]:
    try:
        removals = read_removals(archive.root)
    except ArchiveDamagedError:
        return []  # the start says so, and what to do
    return [each.site for each in removals if isinstance(each, ForgottenSite) and not each.is_done]


def _verify_store(settings: Settings, archive: Archive, report: VerifyReport, say: Console) -> bool:
    """Compare; say so if that cannot be done now."""
    try:
        with stopped(settings) as (_, store), SlowProgress(say, "Comparing the store") as advance:
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
    for column in table.columns:
        column.overflow = "fold"
    for difference in differences[:_SHOWN_DIFFERENCES]:
        table.add_row(
            difference.day.isoformat(), difference.table, difference.batch, difference.found, difference.expected
        )
    say.print(table)
    more = len(differences) - _SHOWN_DIFFERENCES
    say.print(f"{amount(len(differences), 'difference')}{f', {more:,} of them not shown' if more > 0 else ''}.")
