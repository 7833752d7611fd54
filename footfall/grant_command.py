"""`footfall grant-sql`: print, or run, what makes the server's users, and say which urls they have."""

from __future__ import annotations

import contextlib
import re
import secrets
from collections.abc import Sequence
from urllib.parse import quote, urlsplit

import typer

from schema.errors import SettingError, StopError
from schema.grants import MIGRATE, READ, SQL_SINCE, WRITE, User, grant_sql, users_xml
from schema.server_url import parse_server_url
from schema.settings import Settings
from schema.store import Store, is_embedded, open_store

_PASSWORD_BYTES = 24
_VERSION = re.compile(r"(\d{2})(?:\.(\d{1,2}))?")


def grant(settings: Settings, wanted_version: str, nodes: Sequence[int], *, apply: bool) -> None:
    """Print the users of `store.url`'s server, or make them there as the user of that url.

    Raises:
        SettingError: there is no server, or no such version.
        StoreUnavailableError: it does not answer, or does not let that user make others.
    """
    if is_embedded(settings):
        raise SettingError("store.url", "chdb:", "a server's: the embedded store has no users")
    database = parse_server_url(settings.store.url).database
    users = [User(role, secrets.token_urlsafe(_PASSWORD_BYTES)) for role in (MIGRATE, WRITE, READ)]
    if wanted_version and not apply:
        _print(database, users, nodes or [settings.node], _version(wanted_version))
        _print_urls(settings.store.url, users)
        return
    with contextlib.closing(open_store(settings)) as store:
        version = store.capabilities.version
        if apply:
            users = _apply(store, database, users, nodes or [settings.node])
        else:
            _print(database, users, nodes or [settings.node], version)
    _print_urls(settings.store.url, users)


def _print(database: str, users: Sequence[User], nodes: Sequence[int], version: tuple[int, int]) -> None:
    if version < SQL_SINCE:
        typer.echo(users_xml(database, users), nl=False)
        return
    for statement in grant_sql(database, users, nodes, version):
        typer.echo(f"{statement};")


def _apply(store: Store, database: str, users: Sequence[User], nodes: Sequence[int]) -> list[User]:
    """Make the users; return them, without a password those that were there and keep theirs."""
    version = store.capabilities.version
    if version < SQL_SINCE:
        raise StopError(
            f"ClickHouse {version[0]}.{version[1]} has its users in a file",
            hint="put what `footfall grant-sql` prints into its users.xml",
        )
    known = {name for (name,) in store.query("SELECT name FROM system.users")}
    for statement in grant_sql(database, users, nodes, version):
        store.execute(statement)
    return [User(user.role) if user.name in known else user for user in users]


def _print_urls(url: str, users: Sequence[User]) -> None:
    """Say on stderr what to put into the settings: only the rest is for the server."""
    keys = {MIGRATE: "store.url for `footfall migrate`", WRITE: "store.url", READ: "store.read_url"}
    for user in users:
        typer.echo(f"-- {keys[user.role]}: {_url_of(url, user)}", err=True)


def _url_of(url: str, user: User) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    password = quote(user.password, safe="") or "(as it was)"
    return parts._replace(netloc=f"{user.name}:{password}@{host}").geturl()


def _version(text: str) -> tuple[int, int]:
    match = _VERSION.fullmatch(text)
    if not match:
        raise SettingError("--for", text, "a version of ClickHouse such as 24.8 or 18")
    return int(match[1]), int(match[2] or 0)
