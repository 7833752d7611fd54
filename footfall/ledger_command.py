"""`footfall ledger`, `footfall replay`: what was received against what was made of it, and that computed anew."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from aggregator.archive import Archive
from aggregator.day_directories import days_in
from aggregator.ledger import LedgerRow
from aggregator.ledger_watch import LedgerReport, stopped_report
from aggregator.local_time import LocalTime
from aggregator.replay import Replay, Replayed
from aggregator.stored_day import StoredDay, read_stored_day
from footfall.clock import utc_now_ms
from footfall.process import refuse_absent
from footfall.running import ask
from schema.errors import ArgumentError, RetryError, StoreUnavailableError
from schema.settings import Settings
from schema.store import Store

EXIT_DIFFERENT = 1
_PLAIN_WIDTH = 200  # of output that is not a terminal


def show_ledger(settings: Settings, site: str, day: date | None, *, as_json: bool) -> int:
    """Print the ledger of the days that are open, or of a local day; return 1 if the sides do not agree.

    Raises:
        ArgumentError: there is no such site.
        StoreUnavailableError: the ledger cannot be read now.
    """
    if site and settings.site_of(site) is None:
        raise ArgumentError("--site", site, f"one of {', '.join(known.domain for known in settings.site)}")
    refuse_absent(settings)
    report, is_running = _ledger(settings, day)
    rows = [row for row in report.rows if not site or row.site == site]
    report = msgspec.structs.replace(report, rows=tuple(rows))
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(report)).decode())
    else:
        _print_ledger(settings, report, is_running)
    return EXIT_DIFFERENT if report.difference or report.problems else 0


def check_replay(settings: Settings, day: date | None) -> int:
    """Compute the days in the spool anew, or one of them; print what differs, and return 1 if anything does.

    Raises:
        ArgumentError: the spool has nothing of that day.
    """
    refuse_absent(settings)
    days = days_in(settings.spool_dir)
    if day is not None and day not in days:
        raise ArgumentError("--day", str(day), f"a day in the spool ({', '.join(map(str, days)) or 'there is none'})")
    different = False
    for each in days if day is None else [day]:
        replayed = _replay(settings, each)
        _print_replayed(replayed)
        different |= bool(replayed.differences)
    if not days:
        typer.echo("The spool is empty: there is nothing to compute anew.")
    return EXIT_DIFFERENT if different else 0


def _ledger(settings: Settings, day: date | None) -> tuple[LedgerReport, bool]:
    def read(store: Store) -> LedgerReport | None:
        return stopped_report(settings, store, day, utc_now_ms())

    kind = cast("type[LedgerReport | None]", LedgerReport | None)
    report, is_running = ask(settings, "ledger", day, kind, read)
    if report is None:
        raise StoreUnavailableError("the ledger was not compared yet: Footfall has only just started")
    return report, is_running


def _replay(settings: Settings, day: date) -> Replayed:
    zones = LocalTime({site.domain: ZoneInfo(site.timezone) for site in settings.site})
    stored, problem = None, ""
    try:
        stored = _stored(settings, day)
    except RetryError as error:
        problem = f"the store: {error}"
    with tempfile.TemporaryDirectory(prefix="footfall-replay-") as workspace:
        archive = Archive(settings.archive_dir, settings.node)
        replayed = Replay(settings.spool_dir, archive, zones, Path(workspace)).check(day, stored)
    replayed.left_out += [problem] if problem else []
    return replayed


def _stored(settings: Settings, day: date) -> StoredDay:
    return ask(settings, "batches", day, StoredDay, lambda store: read_stored_day(store, settings.node, day))[0]


def _print_replayed(replayed: Replayed) -> None:
    typer.echo(f"{replayed.day}: {replayed.records} records in the spool give {replayed.batches} batches.")
    for sentence in replayed.left_out:
        typer.echo(f"  Left out: {sentence}.")
    for sentence in replayed.differences:
        typer.echo(f"  Differs: {sentence}.")
    if not replayed.differences:
        typer.echo("  Nothing differs.")


def _print_ledger(settings: Settings, report: LedgerReport, is_running: bool) -> None:
    is_terminal = sys.stdout.isatty()
    console = Console(file=sys.stdout, width=None if is_terminal else _PLAIN_WIDTH, highlight=False)
    compared = datetime.fromtimestamp(report.compared_at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    console.print(_table(settings, report.rows))
    running = "" if is_running else " Footfall is stopped: what is in the spool and in no batch is pending."
    console.print(f"Compared at {compared}.{running}", soft_wrap=True)
    for problem in report.problems:
        console.print(f"Beware: {problem}.", soft_wrap=True)
    unvouched = sum(row.unvouched for row in report.rows)
    if unvouched:
        console.print(
            f"{unvouched} of those received were found in the spool, and no worker has said that it acknowledged them:"
            " one has died, or the machine has.",
            soft_wrap=True,
        )
    difference = report.difference
    console.print(
        f"{difference} records differ between collector, spool and store."
        if difference
        else "Nothing differs: received = counted + rejected + pending.",
        soft_wrap=True,
    )


def _table(settings: Settings, rows: Sequence[LedgerRow]) -> Table:
    reasons = sorted({reason for row in rows for reason, hits in row.rejected.items() if hits})
    table = Table(box=None, pad_edge=False)
    table.add_column("site")
    table.add_column("hour")
    for name in ("received", "counted", *reasons, "pending", "difference"):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(row.site or "(none)", _hour(settings, row), *_figures([row], reasons))
    if rows:
        table.add_section()
    table.add_row("total", "", *_figures(rows, reasons))
    return table


def _figures(rows: Sequence[LedgerRow], reasons: Sequence[str]) -> list[str]:
    figures = [sum(row.received for row in rows), sum(row.counted for row in rows)]
    figures += [sum(row.rejected.get(reason, 0) for row in rows) for reason in reasons]
    figures += [sum(row.pending for row in rows), sum(row.difference for row in rows)]
    return [f"{figure:,}" for figure in figures]


def _hour(settings: Settings, row: LedgerRow) -> str:
    """Return the start of the hour on the site's own clock."""
    site = settings.site_of(row.site)
    zone = ZoneInfo(site.timezone) if site else UTC
    return datetime.fromtimestamp(row.hour, zone).strftime("%Y-%m-%d %H:%M")
