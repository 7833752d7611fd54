"""A user as lines for footfall.toml, with the hash of a password that is long enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dashboard.users import MAX_PASSWORD, hash_password
from schema.check_dashboard import USER_NAME
from schema.errors import ArgumentError
from schema.settings import Settings

LEAST_CHARACTERS = 12
LEAST_DIFFERENT = 5


def format_user(
    settings: Settings, name: str, owner: Sequence[str], viewer: Sequence[str], ask: Callable[[str], str]
) -> str:
    """Return the lines; `ask` is called with the name once the name is known to be good.

    Raises:
        ArgumentError: the name is malformed or taken, the password is too easy to guess.
    """
    if not USER_NAME.fullmatch(name):
        raise ArgumentError("NAME", name, "1 to 64 characters without spaces")
    if name.casefold() in {user.name.casefold() for user in settings.dashboard.users}:
        raise ArgumentError("NAME", name, "a name that nobody has yet; footfall user password changes a password")
    lines = ["", "[[dashboard.users]]", f"name = {_text(name)}", format_password(name, ask)]
    lines += [f"owner = {_list(owner)}"] if owner else []
    lines += [f"viewer = {_list(viewer)}"] if viewer else []
    return "\n".join([*lines, ""])


def format_password(name: str, ask: Callable[[str], str]) -> str:
    """Return the line with the hash of the password that `ask` gets.

    Raises:
        ArgumentError: it is too easy to guess.
    """
    password = ask(name)
    if not LEAST_CHARACTERS <= len(password) <= MAX_PASSWORD or len(set(password)) < LEAST_DIFFERENT:
        raise ArgumentError("password", None, f"at least {LEAST_CHARACTERS} characters, such as four words")
    if name.casefold() in password.casefold() and len(password) < LEAST_CHARACTERS + len(name):
        raise ArgumentError("password", None, "something else than the name")
    return f"password = {_text(hash_password(password))}"


def _text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _list(texts: Sequence[str]) -> str:
    return f"[{', '.join(map(_text, texts))}]"
