"""The commands token, share and user: their arguments. `access` does the work."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from schema.load_settings import load_settings

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="Settings file; default: ./footfall.toml if there.")
]
SitesOption = Annotated[list[str] | None, typer.Option(help="A site's domain, or * for every site; may be repeated.")]
ListOption = Annotated[bool, typer.Option("--list", help="List what there is, instead.")]
RevokeOption = Annotated[str, typer.Option(help="End one early, by its id or itself, instead.")]

user = typer.Typer(help="People who sign in with a name and a password.", no_args_is_help=True, rich_markup_mode=None)


def token(
    site: Annotated[str, typer.Option(help="The site's domain, or * for every site.")] = "*",
    days: Annotated[int, typer.Option(help="How long it is valid.", min=1, max=3650)] = 30,
    name: Annotated[str, typer.Option(help="What it is for, for the list.")] = "",
    viewer: Annotated[bool, typer.Option("--viewer", help="Numbers only: no ledger, no rejected beacons.")] = False,
    show_list: ListOption = False,
    revoke: RevokeOption = "",
    config: ConfigOption = None,
) -> None:
    """Print a link that signs a browser in to the dashboard; its token also serves the API."""
    from footfall import access

    settings = load_settings(config)
    if show_list:
        typer.echo(access.list_tokens(settings), nl=False)
    elif revoke:
        typer.echo(access.revoke_token(settings, revoke))
    else:
        link, note = access.make_login_link(settings, site, days, name, is_viewer=viewer)
        typer.echo(link)
        typer.echo(note, err=True)


def share(
    site: Annotated[str, typer.Argument(help="The site's domain.")] = "",
    segment: Annotated[
        list[str] | None, typer.Option(help="Only this part of it, such as country=DE; may be repeated.")
    ] = None,
    days: Annotated[int, typer.Option(help="How long it is good; 0: until it is revoked.", min=0, max=3650)] = 0,
    name: Annotated[str, typer.Option(help="What it is for; its readers see it.")] = "",
    embed: Annotated[
        list[str] | None, typer.Option(help="An origin whose pages may show it in a frame; may be repeated.")
    ] = None,
    show_list: ListOption = False,
    revoke: RevokeOption = "",
    config: ConfigOption = None,
) -> None:
    """Make a link that reads one site; nobody has to sign in for it."""
    from footfall import access

    settings = load_settings(config)
    if show_list:
        typer.echo(access.list_shares(settings, site), nl=False)
    elif revoke:
        typer.echo(access.revoke_share(settings, revoke))
    else:
        typer.echo(
            access.make_share(settings, site, tuple(segment or ()), days, name, embed=tuple(embed or ())), nl=False
        )


@user.command("add")
def add_user(
    name: Annotated[str, typer.Argument(help="What they sign in with.")],
    owner: SitesOption = None,
    viewer: SitesOption = None,
    config: ConfigOption = None,
) -> None:
    """Ask for a password, and print the lines for footfall.toml; without options, of an owner of every site."""
    from footfall import access

    settings = load_settings(config)
    lines = access.new_user(settings, name, tuple(owner or ()), tuple(viewer or ()), access.ask_password)
    typer.echo(lines, nl=False)


@user.command("password")
def change_password(
    name: Annotated[str, typer.Argument(help="A user of the settings.")], config: ConfigOption = None
) -> None:
    """Ask for a new password, and print the line for footfall.toml; it ends all of the user's sessions."""
    from footfall import access

    typer.echo(access.new_password(load_settings(config), name, access.ask_password))


@user.command("list")
def list_users(config: ConfigOption = None) -> None:
    """List the users of the settings, and their sites."""
    from footfall import access

    typer.echo(access.list_users(load_settings(config)), nl=False)


def register(app: typer.Typer) -> None:
    """Add them to `app`."""
    app.command()(token)
    app.command()(share)
    app.add_typer(user, name="user")
