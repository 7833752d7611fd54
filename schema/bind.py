"""`{name:Type}` in SQL → literals, for servers that cannot bind parameters themselves. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from schema.store import Parameters

_PLACEHOLDER = re.compile(r"\{(\w+):([A-Za-z0-9()]+)\}")
_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f", "\0": "\\0"}
_INTEGER = re.compile(r"U?Int\d+")


def bind_parameters(sql: str, parameters: Parameters) -> str:
    """Return `sql` with each placeholder replaced by the literal of its value.

    Raises:
        KeyError: a placeholder has no value.
        TypeError: a value is not of its placeholder's type.
    """
    return _PLACEHOLDER.sub(lambda match: _literal(parameters[match[1]], match[2]), sql)


def _literal(value: str | int | Sequence[str] | Sequence[int], kind: str) -> str:
    if kind.startswith("Array(") and not isinstance(value, str | int):
        return f"[{', '.join(_literal(item, kind[6:-1]) for item in value)}]"
    if _INTEGER.fullmatch(kind) and isinstance(value, int):
        return str(int(value))
    if kind == "String" and isinstance(value, str):
        return "'" + "".join(_ESCAPES.get(character, character) for character in value) + "'"
    if kind == "Date" and isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return f"toDate('{value}')"
    raise TypeError(f"a value of type {type(value).__name__} is bound as {kind}")
