"""Lets people in and out: login links, shared links, users. Each function returns what the command prints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import typer

from dashboard.access import Role, make_token, new_id, read_token
from dashboard.issued_tokens import IssuedToken, IssuedTokens
from dashboard.revocations import Revocations
from dashboard.segment import parse_segment
from dashboard.shares import Share, Shares
from footfall.announcement import dashboard_address, login_address
from footfall.clock import utc_now_ms
from footfall.secret import token_secret
from footfall.user_lines import format_password, format_user
from schema.batch import DAY_MS
from schema.check_dashboard import EVERY_SITE, check_origins
from schema.errors import ArgumentError, RejectError, SettingError
from schema.settings import Settings

_FOREVER_MS = 3650 * DAY_MS


def make_login_link(settings: Settings, site: str, days: int, name: str, *, is_viewer: bool) -> tuple[str, str]:
    """Return a new login link, and what to say about it."""
    _check_site("--site", settings, site)
    now_ms, role, token_id = utc_now_ms(), Role.VIEWER if is_viewer else Role.OWNER, new_id()
    issued = IssuedTokens(settings.access_dir)
    issued.forget_old(now_ms)
    issued.add(IssuedToken(token_id, name, site, role, now_ms, now_ms + days * DAY_MS))
    token = make_token(token_secret(settings), site, days, now_ms, role=role, token_id=token_id)
    return login_address(settings, token), f"It can be revoked: footfall token --revoke {token_id}"


def list_tokens(settings: Settings) -> str:
    """Return a table of the tokens that are still good."""
    now_ms, revocations = utc_now_ms(), Revocations(settings.access_dir)
    rows = [
        (token.id, token.site, token.role.value, f"until {_day(token.expires_at)}", token.name)
        for token in IssuedTokens(settings.access_dir).all()
        if token.expires_at > now_ms and not revocations.is_revoked(token.id, now_ms)
    ]
    return _table(rows, "No tokens.")


def revoke_token(settings: Settings, token: str) -> str:
    """End a token, given by its id, by itself or by its link; it holds at once.

    Raises:
        ArgumentError: that is none.
    """
    now_ms = utc_now_ms()
    token_id, until_ms = token, now_ms + _FOREVER_MS
    if "." in token:
        text = parse_qs(urlsplit(token).query).get("token", [token])[0]
        try:
            grant = read_token(token_secret(settings), text, now_ms)
        except RejectError as error:
            raise ArgumentError("--revoke", None, f"a token that is good (this one {error.problem})") from None
        token_id, until_ms = grant.id, grant.expires_at
    try:
        Revocations(settings.access_dir).revoke(token_id, 0, until_ms)
    except ValueError:
        raise ArgumentError(
            "--revoke", None, "an id of 16 characters as --list shows them, a token or a link"
        ) from None
    return f"{token_id} opens nothing any more."


def make_share(
    settings: Settings, site: str, segment: Sequence[str], days: int, name: str, *, embed: Sequence[str]
) -> str:
    """Return a new shared link, and how to show it in a frame where that was asked for.

    Raises:
        ArgumentError: there is no such site, dimension or origin.
    """
    if settings.site_of(site) is None:
        raise ArgumentError("SITE", site, f"one of {_domains(settings)}")
    try:
        check_origins("--embed", tuple(embed))
    except SettingError as error:
        raise ArgumentError(error.name, error.value, error.expected) from None
    try:
        parse_segment(tuple(segment))
    except RejectError as error:
        raise ArgumentError("--segment", ", ".join(segment), f"another one: {error.problem}") from None
    now_ms = utc_now_ms()
    expires_at = now_ms + days * DAY_MS if days else 0
    share = Share(new_id(), site, name, now_ms, expires_at, tuple(segment), tuple(embed))
    token = Shares(settings.access_dir, token_secret(settings)).add(share)
    lines = [f"{dashboard_address(settings)}/share/{token}"]
    if embed:
        address = f"{dashboard_address(settings)}/embed/{token}"
        frame = f'<iframe src="{address}" title="Numbers of {site}" width="100%" height="900" loading="lazy"></iframe>'
        lines += ["", f"In a page of {' or '.join(embed)}:", "", frame]
    return "\n".join([*lines, ""])


def list_shares(settings: Settings, site: str = "") -> str:
    """Return a table of the shared links that are good, with their addresses."""
    now_ms, shares = utc_now_ms(), Shares(settings.access_dir, token_secret(settings))
    rows = [
        (
            share.id,
            share.site,
            f"until {_day(share.expires_at)}" if share.expires_at else "until revoked",
            " ".join([*share.segment, *(f"in {origin}" for origin in share.embed), share.name]).strip(),
            f"{dashboard_address(settings)}/share/{shares.token_of(share)}",
        )
        for share in shares.all()
        if not share.has_ended(now_ms) and site in ("", share.site)
    ]
    return _table(rows, "No shared links.")


def revoke_share(settings: Settings, share: str) -> str:
    """Take a shared link back, given by its id or by itself; it holds at once.

    Raises:
        ArgumentError: there is none.
    """
    shares = Shares(settings.access_dir, token_secret(settings))
    share_id = share
    if "." in share:
        token = urlsplit(share).path.rpartition("/")[2]
        share_id = next((each.id for each in shares.all() if shares.token_of(each) == token), "")
    if not shares.remove(share_id):
        raise ArgumentError("--revoke", None, "the id of a shared link as --list shows it, or the link")
    return f"{share_id} opens nothing any more."


def new_user(
    settings: Settings, name: str, owner: Sequence[str], viewer: Sequence[str], ask: Callable[[str], str]
) -> str:
    """Return the lines for footfall.toml; `ask` gets the password.

    Raises:
        ArgumentError: the name is taken, or there is no such site.
    """

    owner = owner or (() if viewer else (EVERY_SITE,))
    for option, sites in (("--owner", owner), ("--viewer", viewer)):
        for site in sites:
            _check_site(option, settings, site)
    return format_user(settings, name, owner, viewer, ask)


def new_password(settings: Settings, name: str, ask: Callable[[str], str]) -> str:
    """Return the line for footfall.toml with another password of a user.

    Raises:
        ArgumentError: there is no such user.
    """

    if all(user.name != name for user in settings.dashboard.users):
        names = ", ".join(user.name for user in settings.dashboard.users) or "none yet: footfall user add"
        raise ArgumentError("NAME", name, f"a user of the settings ({names})")
    return format_password(name, ask)


def list_users(settings: Settings) -> str:
    """Return a table of the users."""
    rows = [
        (
            user.name,
            f"owner of {', '.join(user.owner)}" if user.owner else "",
            f"viewer of {', '.join(user.viewer)}" if user.viewer else "",
        )
        for user in settings.dashboard.users
    ]
    return _table(rows, "No users: footfall user add NAME prints the lines to put into footfall.toml.")


def ask_password(name: str) -> str:
    """Ask on the terminal, twice, without showing it; standard output stays free for the lines."""
    return str(typer.prompt(f"Password for {name}", hide_input=True, confirmation_prompt=True, err=True))


def _check_site(option: str, settings: Settings, site: str) -> None:
    if site != EVERY_SITE and settings.site_of(site) is None:
        raise ArgumentError(option, site, f"one of {_domains(settings)}, or *")


def _domains(settings: Settings) -> str:
    return ", ".join(site.domain for site in settings.site)


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).date().isoformat()


def _table(rows: Iterable[Sequence[str]], nothing: str) -> str:
    """The rows in columns, for terminals and for `cut`."""
    rows = list(rows)
    if not rows:
        return f"{nothing}\n"
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*lines, ""])
