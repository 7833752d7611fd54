"""Settings → TOML: what `check-settings` prints, and how child processes are given theirs."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from schema.settings import Settings

_CREDENTIALS = re.compile(r"://[^/]*@")


def format_toml(settings: Settings, *, secrets: bool = True) -> str:
    """Return `settings` as a footfall.toml that loads to the same tree; without `secrets`, one to show around."""
    lines, tables = [], []
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if dataclasses.is_dataclass(value):
            tables.append(_format_table(f"[{field.name}]", value, secrets))
        elif field.name == "site":
            tables += [_format_table("[[site]]", site, secrets) for site in value]
            lines += [] if value else ["site = []"]
        else:
            lines.append(f"{field.name} = {_format_value(value)}")
    return "\n".join(lines + tables) + "\n"


def _format_table(title: str, table: Any, secrets: bool) -> str:
    return "\n".join(["", title, *_format_rows(table, secrets)])


def _format_rows(table: Any, secrets: bool) -> list[str]:
    return [
        f"{field.name} = {_format_value(_shown(value, field.metadata, secrets), secrets)}"
        for field in dataclasses.fields(table)
        for value in [getattr(table, field.name)]
    ]


def _shown(value: Any, metadata: Mapping[str, Any], secrets: bool) -> Any:
    return value if secrets or not metadata["secret"] else _without_secret(value)


def _without_secret(value: str) -> str:
    """Return an address without user and password; "…" for any other secret."""
    return _CREDENTIALS.sub("://…@", value) if ":" in value else "…" * bool(value)


def _format_value(value: Any, secrets: bool = True) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple):
        return f"[{', '.join(_format_value(item, secrets) for item in value)}]"
    if dataclasses.is_dataclass(value):
        return f"{{{', '.join(_format_rows(value, secrets))}}}"
    escaped = "".join(c if c >= " " and c not in '"\\\x7f' else f"\\u{ord(c):04x}" for c in str(value))
    return f'"{escaped}"'
