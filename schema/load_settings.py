"""TOML and environment → Settings. The only reader of the environment; a wrong value stops the start with its name."""

from __future__ import annotations

import dataclasses
import os
import re
import tomllib
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from schema.check_settings import check_settings
from schema.errors import SettingError, UnknownSettingError
from schema.settings import Settings

ENVIRONMENT_PREFIX = "FOOTFALL__"
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")
DEFAULT_FILE = Path("footfall.toml")


def load_settings(file: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of `file` (default: footfall.toml, if there) overlaid with the environment.

    Raises:
        UnknownSettingError: there is no such key.
        SettingError: a value is of the wrong type or out of range.
    """
    environ = os.environ if environ is None else environ
    path = file or DEFAULT_FILE
    tree = _read_toml(path) if file or path.exists() else {}
    for name in sorted(environ):
        if name.startswith(ENVIRONMENT_PREFIX):
            _overlay(tree, name, environ[name])
    settings: Settings = _build(Settings, tree, "")
    check_settings(settings)
    return settings


def environment_without_settings() -> dict[str, str]:
    """Return the environment for a child process that is given its settings otherwise."""
    return {name: value for name, value in os.environ.items() if not name.startswith(ENVIRONMENT_PREFIX)}


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingError("--config", str(path), "the path of a settings file that exists") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingError("--config", str(path), f"a readable TOML file ({error})") from None


def _overlay(tree: dict[str, Any], name: str, text: str) -> None:
    """Put the environment variable `name` into the tree; its value is typed later, by its field."""
    *sections, key = name.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")
    for section in sections:
        tree = tree.setdefault(section, {})
        if not isinstance(tree, dict):
            raise SettingError(name, text, "a key that exists (this one is below a value)")
    tree[key] = _Text(text)


class _Text(str):
    """A value from the environment, still to be parsed for its field's type."""

    __slots__ = ()


def _build(cls: type, tree: Any, prefix: str) -> Any:
    if not isinstance(tree, dict):
        raise SettingError(prefix.rstrip("."), tree, 'keys and values, such as {domain = "example.com"} for a site')
    types = typing.get_type_hints(cls)
    for key in tree:
        if key not in types:
            raise UnknownSettingError(f"{prefix}{key}", tuple(types))
    return cls(**{key: _value(types[key], value, f"{prefix}{key}") for key, value in tree.items()})


def _value(kind: Any, value: Any, name: str) -> Any:
    if dataclasses.is_dataclass(kind):
        return _build(typing.cast(type, kind), value, f"{name}.")
    if typing.get_origin(kind) is tuple:
        return _tuple(typing.get_args(kind)[0], value, name)
    if kind is Path:
        return Path(_typed(str, value, name))
    return _typed(kind, value, name)


def _tuple(item: Any, value: Any, name: str) -> tuple[Any, ...]:
    if isinstance(value, _Text):
        value = _parse_list(value, name)
    if not isinstance(value, list):
        raise SettingError(name, value, f"a list; in the file, tables are written [[{name}]]")
    return tuple(_value(item, entry, name) for entry in value)


def _parse_list(text: str, name: str) -> Any:
    """Read a list from the environment: a TOML array, or plain words with commas."""
    if text.lstrip().startswith("["):
        try:
            return tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError as error:
            raise SettingError(name, text, f"a TOML array ({error})") from None
    return [word.strip() for word in text.split(",") if word.strip()]


def _typed(kind: type, value: Any, name: str) -> Any:
    if isinstance(value, _Text) and kind is int and _WHOLE_NUMBER.fullmatch(value):
        return int(value)
    if isinstance(value, _Text) and kind is bool and value in ("true", "false"):
        return value == "true"
    if isinstance(value, _Text) and kind is str:
        return str(value)
    if type(value) is not kind:
        words = {int: "a whole number", bool: "true or false", str: "a text"}
        raise SettingError(name, _shown(name, value), words[kind])
    return value


def _shown(name: str, value: Any) -> Any:
    secret = ("store.url", "store.read_url", "dashboard.share_secret", "dashboard.users.password")
    return "…" if name in secret else value
