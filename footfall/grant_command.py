"""`footfall grant-sql`: print, or run, what makes the server's users, and say which urls they have."""

from __future__ import annotations

import contextlib
import re
import secrets
from collections.abc import Sequence
from itertools import chain
from urllib.parse import quote, urlsplit

import typer

from schema.errors import ArgumentError, SettingError, StopError
from schema.grants import MIGRATE, READ, SQL_SINCE, WRITE, User, grant_sql, users_xml
from schema.migrate import Replicated
from schema.server_url import ServerUrl, parse_server_urls
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
    first, *_ = parse_server_urls(settings.store.url)
    users = [User(role, secrets.token_urlsafe(_PASSWORD_BYTES)) for role in (MIGRATE, WRITE, READ)]
    if wanted_version and not apply:
        _print(first, users, nodes or [settings.node], _version(wanted_version))
        _print_urls(settings.store.url, users)
        return
    with contextlib.closing(open_store(settings)) as store:
        version = store.capabilities.version
        if apply:
            users = _apply(store, first, users, nodes or [settings.node])
        else:
            _print(first, users, nodes or [settings.node], version)
    _print_urls(settings.store.url, users)


def _print(url: ServerUrl, users: Sequence[User], nodes: Sequence[int], version: tuple[int, int]) -> None:
    is_cluster = bool(url.cluster)
    if is_cluster:
        typer.echo("-- every server of the cluster needs this", err=True)
    if version < SQL_SINCE:
        typer.echo(users_xml(url.database, users, is_cluster=is_cluster), nl=False)
        return
    for statement in grant_sql(url.database, users, nodes, version, is_cluster=is_cluster):
        typer.echo(f"{statement};")


def _apply(store: Store, url: ServerUrl, users: Sequence[User], nodes: Sequence[int]) -> list[User]:
    """Make the users on every server; return them, without a password those that were there and keep theirs."""
    version = store.capabilities.version
    if version < SQL_SINCE:
        raise StopError(
            f"ClickHouse {version[0]}.{version[1]} has its users in a file",
            hint="put what `footfall grant-sql` prints into its users.xml",
        )
    servers = list(chain(*store.replicas)) if isinstance(store, Replicated) else [store]
    known = known_users(servers, users)
    for server in servers:
        for statement in grant_sql(url.database, users, nodes, version, is_cluster=bool(url.cluster)):
            server.execute(statement)
    return [User(user.role) if user.name in known else user for user in users]


def known_users(servers: Sequence[Store], users: Sequence[User]) -> set[str]:
    """Return the names of `users` that every server knows.

    Raises:
        StopError: some servers know one and others do not, which would have another password there.
        StoreUnavailableError: one does not answer.
    """
    known = [{name for (name,) in server.query("SELECT name FROM system.users")} for server in servers]
    for user in users:
        if 0 < (count := sum(user.name in names for names in known)) < len(known):
            raise StopError(
                f"{user.name} is on {count} of the cluster's {len(known)} servers",
                hint="DROP USER it there and run this again: all of them need the same password",
            )
    return set.intersection(*known)


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
        raise ArgumentError("--for", text, "a version of ClickHouse such as 24.8 or 18")
    return int(match[1]), int(match[2] or 0)
