"""The command `footfall`. Exit codes: 0 done, 1 failed while running, 2 cannot start until something is fixed.

pandas, the engine and the web servers are imported by the commands that need them: the supervisor stays small.
"""

from __future__ import annotations

import dataclasses
import logging
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from footfall.access_commands import register as register_access
from footfall.logs import configure_logs, is_json
from footfall.process import die_with_parent
from footfall.serve import EXAMPLE_DOMAIN, Choice, with_example
from footfall.serve import serve as run
from footfall.upkeep_commands import register
from schema import migrate as migrations
from schema.errors import FootfallError, StopError
from schema.format_settings import format_toml
from schema.load_settings import load_settings
from schema.settings import Settings
from schema.store import open_store

EXIT_FAILED = 1
EXIT_CANNOT_START = 2

app = typer.Typer(
    help="Privacy-first pageview analytics: counts pages without knowing anyone.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="Settings file; default: ./footfall.toml if there.")
]
DayOption = Annotated[datetime | None, typer.Option("--day", formats=["%Y-%m-%d"], help="A day, such as 2026-11-22.")]
ExampleOption = Annotated[bool, typer.Option("--example", help="Serve the built-in example site as well.")]
ParentOption = Annotated[int, typer.Option("--parent", hidden=True)]
NumberOption = Annotated[int, typer.Option("--number", hidden=True)]
SocketOption = Annotated[int, typer.Option("--fd", hidden=True)]
OptionalSocketOption = Annotated[int | None, typer.Option("--fd", hidden=True)]


@app.command()
def serve(config: ConfigOption = None, example: ExampleOption = False) -> None:
    """Run everything: collector, aggregator, dashboard."""
    _serve(_load(config, "supervisor"), Choice(example=example))


@app.command()
def collect(config: ConfigOption = None) -> None:
    """Run only the collector's workers."""
    _serve(_load(config, "supervisor"), Choice(aggregate=False, dashboard=False))


@app.command()
def aggregate(config: ConfigOption = None) -> None:
    """Run only the aggregator."""
    _serve(_load(config, "supervisor"), Choice(collect=False, dashboard=False))


@app.command()
def dashboard(config: ConfigOption = None) -> None:
    """Run only the dashboard."""
    _serve(_load(config, "supervisor"), Choice(collect=False, aggregate=False))


@app.command()
def demo(
    config: ConfigOption = None,
    days: Annotated[int, typer.Option(help="How many days to make up.", min=1, max=1000)] = 365,
    directory: Annotated[Path, typer.Option(help="Where to put them; never your own data.")] = Path("data-demo"),
    serve: Annotated[bool, typer.Option("--serve", help="Then run everything on it.")] = False,
) -> None:
    """Make up a year of traffic for the example site, through the real roll-up and archive code."""
    from footfall.demo import make_demo

    settings = dataclasses.replace(with_example(load_settings(config)), data_dir=directory)
    make_demo(settings, days, EXAMPLE_DOMAIN, Console(file=sys.stdout))
    if serve:
        configure_logs(settings.log_format, "supervisor")
        _serve(settings, Choice(example=True))


@app.command("check-settings")
def check_settings(config: ConfigOption = None) -> None:
    """Read the settings, and print them as they are understood; secrets are left out."""
    typer.echo(format_toml(load_settings(config), secrets=False), nl=False)


@app.command()
def migrate(
    config: ConfigOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the SQL and change nothing.")] = False,
) -> None:
    """Bring the store's tables up to this version; `serve` does the same at its start."""
    store = open_store(load_settings(config))
    try:
        todo = migrations.pending(store)
        for migration in todo:
            typer.echo(f"-- {migration.number:04d} {migration.name}")
            if dry_run:
                typer.echo(";\n".join(migration.statements(store.capabilities)) + ";")
        if not dry_run:
            migrations.apply(store)
        typer.echo(f"{len(todo)} {'pending' if dry_run else 'applied'}.")
    finally:
        store.close()


@app.command("grant-sql")
def grant_sql(
    apply: Annotated[bool, typer.Option("--apply", help="Run it, as the user of store.url.")] = False,
    for_version: Annotated[str, typer.Option("--for", help="For this ClickHouse, such as 24.8; else asked for.")] = "",
    node: Annotated[list[int] | None, typer.Option(help="A node that writes; repeat it. Default: node.")] = None,
    config: ConfigOption = None,
) -> None:
    """Print the SQL that makes a server's users: who migrates, who writes, who only reads."""
    from footfall.grant_command import grant

    grant(load_settings(config), for_version, node or (), apply=apply)


@app.command()
def ledger(
    config: ConfigOption = None,
    site: Annotated[str, typer.Option(help="Only this site.")] = "",
    day: DayOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show received = counted + rejected + pending, by site and hour; exit code 1 if it does not hold."""
    from footfall.ledger_command import show_ledger

    raise SystemExit(show_ledger(load_settings(config), site, day.date() if day else None, as_json=as_json))


@app.command()
def replay(
    check: Annotated[bool, typer.Option("--check", help="Compare, and change nothing: the only thing it does.")],
    config: ConfigOption = None,
    day: DayOption = None,
) -> None:
    """Compute open days anew from the spool, and compare with archive and store; exit code 1 if anything differs."""
    from footfall.ledger_command import check_replay

    raise SystemExit(check_replay(load_settings(config), day.date() if day else None))


@app.command()
def snippet(
    *,
    site: Annotated[str, typer.Option(help="The site's domain.")],
    url: Annotated[str, typer.Option(help="The collector's address as browsers reach it.")] = "",
    features: Annotated[str, typer.Option(help="pageviews, default, all, or features; separated by commas.")] = "",
    pin: Annotated[bool, typer.Option("--pin", help="One version that never changes, with its integrity.")] = False,
    module: Annotated[bool, typer.Option("--module", help="The lines for a bundler instead.")] = False,
    config: ConfigOption = None,
) -> None:
    """Print what to paste into every page of a site."""
    from footfall.snippet_command import snippet_lines

    typer.echo("\n".join(snippet_lines(load_settings(config), site, url, features, pin=pin, module=module)))


register(app)
register_access(app)


@app.command(hidden=True)
def worker(fd: SocketOption, number: NumberOption, parent: ParentOption, config: ConfigOption) -> None:
    """One collector process, on a socket that the supervisor has bound."""
    from collector.worker import EXIT_DAY_OVER, run_worker
    from footfall.renewal import start_anew

    die_with_parent(parent)
    settings = _load(config, f"worker {number}")
    code = run_worker(settings, fd, worker_number=number)
    if code == EXIT_DAY_OVER:
        start_anew(settings)
    raise SystemExit(code)


@app.command("store-process", hidden=True)
def store_process(
    parent: ParentOption, config: ConfigOption, fd: OptionalSocketOption = None, aggregate: bool = False
) -> None:
    """The process that owns the store, on a socket that the supervisor has bound."""
    from footfall.store_process import run_store_process

    die_with_parent(parent)
    raise SystemExit(run_store_process(_load(config, "store"), aggregate=aggregate, listen_fd=fd))


def main() -> None:
    """Run the command line; turn our errors into one sentence and an exit code."""
    configure_logs("plain", "command")  # until the settings are known
    try:
        app()
    except StopError as error:
        _complain(error)
        raise SystemExit(EXIT_CANNOT_START) from None
    except FootfallError as error:
        _complain(error)
        raise SystemExit(EXIT_FAILED) from None


def _serve(settings: Settings, choice: Choice) -> NoReturn:
    # Programs that read the log get nothing else, and the way in, which the announcement has, belongs into no log.
    console = Console(file=sys.stdout, quiet=is_json())
    raise SystemExit(run(with_example(settings) if choice.example else settings, choice, console))


def _load(config: Path | None, part: str) -> Settings:
    """Return the settings, and log as they say from now on."""
    settings = load_settings(config)
    configure_logs(settings.log_format, part)
    return settings


def _complain(error: FootfallError) -> None:
    sentence = f"{error}{'; ' + error.hint if error.hint else ''}"
    if is_json():
        logging.getLogger("footfall").critical("%s", sentence)
    else:
        typer.echo(f"footfall: {sentence}", err=True)
