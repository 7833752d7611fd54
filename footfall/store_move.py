"""`footfall migrate-store --to URL`: fills another store from the archive, compares, and says what to change."""

from __future__ import annotations

import contextlib
import dataclasses
import time

from rich.console import Console
from rich.table import Table

from aggregator.archive import Archive
from aggregator.moving import MonthDifference, MoveReport, move
from aggregator.restoring import refuse_half_restored
from footfall.adding_up import add_up
from footfall.amounts import amount
from footfall.process import own_directory, refuse_absent
from footfall.slow_progress import SlowProgress
from schema import migrate
from schema.check_settings import check_settings
from schema.errors import ArgumentError, SettingError
from schema.settings import Settings, StoreSettings
from schema.store import is_embedded, open_store

_SHOWN_DIFFERENCES = 50
_EXPECTED = (
    "chdb: for the embedded store in data_dir, chdb:/path for one elsewhere, or"
    " clickhouse://user:password@host:9000/database"
)


def move_store(settings: Settings, say: Console, to: str) -> int:
    """Fill the store that `to` names, and compare it with the archive; return the exit code: 1 if they differ.

    Raises:
        ArgumentError: `to` is no other store's url.
        DataDirInUseError: it is the embedded store, and that is in use; or another command moves the store.
        StoreUnavailableError: to be run again, which goes on from there.
    """
    target = _target(settings, to)
    refuse_absent(settings)
    refuse_half_restored(settings.archive_dir)
    start = time.monotonic()
    own_directory(settings.data_dir, "migrate-store.lock")  # two would take each other's rows for nobody's
    with contextlib.closing(open_store(target)) as store, SlowProgress(say, "Loading") as advance:
        migrate.apply(store)
        report = move(Archive(settings.archive_dir, settings.node), store, advance)
        say.print(
            f"Loaded {amount(report.inserted_rows, 'row')} of {amount(report.days, 'day')}"
            f" in {time.monotonic() - start:.1f} s; the new store has {report.rows:,} rows of this archive."
        )
        add_up(store, say)
    if not report.is_equal:
        return _refuse(say, report)
    _announce(say, report, to)
    return 0


def _target(settings: Settings, to: str) -> Settings:
    if not to.startswith(("chdb:", "clickhouse://")):
        raise ArgumentError("--to", None, _EXPECTED)
    target = dataclasses.replace(settings, store=StoreSettings(url=to))
    try:
        check_settings(target)
    except SettingError as error:  # all else was checked at the start
        secret = error.name == "store.url"
        raise ArgumentError(
            error.name.replace("store.url", "--to"), None if secret else error.value, error.expected
        ) from None
    if to == settings.store.url or _are_one_directory(settings, target):
        raise ArgumentError("--to", None, "another store than store.url names already")
    return target


def _are_one_directory(settings: Settings, target: Settings) -> bool:
    both = (settings, target)
    return all(map(is_embedded, both)) and len({each.warehouse_dir.resolve() for each in both}) == 1


def _announce(say: Console, report: MoveReport, to: str) -> None:
    say.print(
        f"Every table agrees with the archive, in each of {report.months} months. To switch, set in footfall.toml:"
    )
    say.print(f'\n    [store]\n    url = "{to}"\n', markup=False)
    say.print(
        "and start Footfall again. What is counted until then is in the archive and the spool, and is loaded at that"
        " start. The old store is left as it is."
    )


def _refuse(say: Console, report: MoveReport) -> int:
    for problem in report.problems:
        say.print(str(problem), markup=False)
    if report.differences:
        say.print(_table(report.differences[:_SHOWN_DIFFERENCES]))
        say.print(f"{len(report.differences):,} differences.")
    say.print("Do not switch: the new store does not have what the archive has.")
    return 1


def _table(differences: list[MonthDifference]) -> Table:
    table = Table("table", "month", "of", "new store", "archive")
    for each in differences:
        month = f"{each.month // 100}-{each.month % 100:02}"
        table.add_row(each.table, month, each.what, f"{each.found:,}", f"{each.expected:,}")
    return table
