"""The commands prune, forget, backup, restore, verify and migrate-store: their arguments. Other files do the work."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from schema.load_settings import load_settings

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="Settings file; default: ./footfall.toml if there.")
]


def prune(
    config: ConfigOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be dropped, and change nothing.")] = False,
) -> None:
    """Drop the months that `aggregator.keep_months` does not keep; `serve` does the same once a day."""
    from footfall import upkeep

    raise typer.Exit(upkeep.prune(load_settings(config), _console(), dry_run=dry_run))


def forget(
    site: Annotated[str, typer.Argument(help="The site's domain.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: ConfigOption = None,
) -> None:
    """Remove everything that was counted of a site: archive, store, live counts. It cannot be undone."""
    from footfall import upkeep

    settings = load_settings(config)
    upkeep.refuse_known(settings, site)
    if not yes and not typer.confirm(f"Remove everything that was counted of {site}? This cannot be undone."):
        raise typer.Exit(1)
    raise typer.Exit(upkeep.forget(settings, _console(), site))


def backup(
    destination: Annotated[Path | None, typer.Argument(help="Where to; default: backup.directory.")] = None,
    config: ConfigOption = None,
) -> None:
    """Copy what is new in the archive; works while Footfall runs. No keys, no spool, no secret."""
    from footfall import upkeep

    raise typer.Exit(upkeep.backup(load_settings(config), _console(), destination))


def restore(
    source: Annotated[Path, typer.Argument(help="What `footfall backup` wrote.")],
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="Take what there is of a backup that is not whole, and end with that.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Rebuild an empty archive and store from a backup. Interrupted: run it again."""
    from footfall import upkeep

    raise typer.Exit(upkeep.restore(load_settings(config), _console(), source, incomplete=incomplete))


def verify(
    deep: Annotated[bool, typer.Option("--deep", help="Add up the archive's rows as well.")] = False,
    backup: Annotated[Path | None, typer.Option("--backup", help="Check the files of this backup instead.")] = None,
    config: ConfigOption = None,
) -> None:
    """Compare the archive's files with their checksums, and the store with the archive."""
    from footfall import verify_command

    settings = load_settings(config)
    if backup:
        raise typer.Exit(verify_command.verify_backup(backup, settings.node, _console(), deep=deep))
    raise typer.Exit(verify_command.verify(settings, _console(), deep=deep))


def migrate_store(
    to: Annotated[str, typer.Option("--to", help="The store.url to move to: chdb:, chdb:/path or clickhouse://…")],
    config: ConfigOption = None,
) -> None:
    """Fill another store from the archive, and compare every table and month; works while Footfall runs."""
    from footfall import store_move

    raise typer.Exit(store_move.move_store(load_settings(config), _console(), to))


COMMANDS = (prune, forget, backup, restore, verify, migrate_store)


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    for command in COMMANDS:
        app.command()(command)


def _console() -> Console:
    return Console(file=sys.stdout, highlight=False, soft_wrap=True)
