"""TOML and environment → Settings. The only reader of the environment; a wrong value stops the start with its name."""

from __future__ import annotations

import dataclasses
import ipaddress
import os
import tomllib
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from schema.batch import MAX_NODE
from schema.errors import SettingError
from schema.settings import Settings, SiteSettings

ENVIRONMENT_PREFIX = "FOOTFALL__"
DEFAULT_FILE = Path("footfall.toml")


def load_settings(file: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of `file` (default: footfall.toml, if there) overlaid with the environment.

    Raises:
        SettingError: a key is unknown, or a value is of the wrong type or out of range.
    """
    environ = os.environ if environ is None else environ
    path = file or DEFAULT_FILE
    tree = _read_toml(path) if file or path.exists() else {}
    for name in sorted(environ):
        if name.startswith(ENVIRONMENT_PREFIX):
            _overlay(tree, name, environ[name])
    settings: Settings = _build(Settings, tree, "")
    _check(settings)
    return settings


def format_toml(settings: Settings) -> str:
    """Return `settings` as a footfall.toml that loads to the same tree."""
    lines, tables = [], []
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if dataclasses.is_dataclass(value):
            tables.append(_format_table(f"[{field.name}]", value))
        elif field.name == "site":
            tables += [_format_table("[[site]]", site) for site in value]
            lines += [] if value else ["site = []"]
        else:
            lines.append(f"{field.name} = {_format_value(value)}")
    return "\n".join(lines + tables) + "\n"


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
        raise SettingError(prefix.rstrip("."), tree, "a table of keys")
    types = typing.get_type_hints(cls)
    for key in tree:
        if key not in types:
            raise SettingError(f"{prefix}{key}", "…", f"one of {', '.join(types)}")
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
        raise SettingError(name, value, "a list")
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
    if isinstance(value, _Text) and kind is int and value.lstrip("-").isdecimal():
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
    return "…" if name in ("store.url", "dashboard.share_secret") else value


def _check(settings: Settings) -> None:
    """Refuse values that have the right type but make no sense."""
    _check_range("node", settings.node, 0, MAX_NODE)
    _check_range("collector.workers", settings.collector.workers, 1, 64)
    _check_range("collector.max_body_bytes", settings.collector.max_body_bytes, 256, 1_048_576)
    _check_range("spool.segment_seconds", settings.spool.segment_seconds, 1, 300)
    _check_range("spool.max_bytes", settings.spool.max_bytes, 1_048_576, 2**60)
    _check_range("spool.min_free_bytes", settings.spool.min_free_bytes, 0, 2**60)
    _check_range("aggregator.live_seconds", settings.aggregator.live_seconds, 1, 300)
    _check_range("aggregator.keep_months", settings.aggregator.keep_months, 1, 1200)
    for section in ("collector", "dashboard", "example"):
        _check_listen(f"{section}.listen", getattr(settings, section).listen)
    for network in settings.collector.trusted_proxies:
        _check_network(network)
    if not settings.store.url.startswith(("chdb:", "clickhouse://")):
        raise SettingError("store.url", "…", "chdb: or clickhouse://user:password@host:9000/database")
    if 0 < len(settings.dashboard.share_secret) < 16:
        raise SettingError("dashboard.share_secret", "…", "at least 16 characters, or none")
    _check_sites(settings.site)


def _check_sites(sites: tuple[SiteSettings, ...]) -> None:
    seen: set[str] = set()
    for site in sites:
        if not site.domain or site.domain != site.domain.strip().lower() or len(site.domain) > 253:
            raise SettingError("site.domain", site.domain, "a domain in lower case, such as example.com")
        if site.domain in seen:
            raise SettingError("site.domain", site.domain, "each domain once")
        seen.add(site.domain)
        try:
            ZoneInfo(site.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise SettingError("site.timezone", site.timezone, "an IANA time zone such as Europe/Berlin") from None


def _check_range(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise SettingError(name, value, f"a whole number from {low} to {high}")


def _check_listen(name: str, value: str) -> None:
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise SettingError(name, value, "host:port, such as 127.0.0.1:8000")


def _check_network(value: str) -> None:
    try:
        ipaddress.ip_network(value)
    except ValueError:
        raise SettingError("collector.trusted_proxies", value, "networks such as 10.0.0.0/8 or ::1") from None


def _format_table(title: str, table: Any) -> str:
    rows = [f"{field.name} = {_format_value(getattr(table, field.name))}" for field in dataclasses.fields(table)]
    return "\n".join(["", title, *rows])


def _format_value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple):
        return f"[{', '.join(_format_value(item) for item in value)}]"
    escaped = "".join(c if c >= " " and c not in '"\\\x7f' else f"\\u{ord(c):04x}" for c in str(value))
    return f'"{escaped}"'
