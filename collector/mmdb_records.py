"""The values in a MaxMind DB file: control byte, size, content, or a pointer to another value. Pure."""

from __future__ import annotations

import struct
from collections.abc import Container
from typing import Any

_MAX_DEPTH = 32
MAX_VALUES = 4096  # in one record; the largest real ones have some hundred
_POINTER, _TEXT, _DOUBLE, _BYTES, _MAP, _INT32, _ARRAY, _BOOLEAN, _FLOAT = 1, 2, 3, 4, 7, 8, 11, 14, 15
_UNSIGNED = (5, 6, 9, 10)  # of 16, 32, 64 and 128 bits
_POINTER_BASE = (0, 2048, 526_336, 0)
_SIZE_BASE = (29, 285, 65_821)


class DatabaseDamagedError(Exception):
    """The bytes are not a MaxMind DB file, or not all of one; says what is wrong."""


def decode_value(section: bytes, offset: int, wanted: Container[str]) -> Any:
    """Return the value at `offset` of `section`, whose pointers count from its start: dicts, lists, texts, numbers.

    Of every dict only the keys that are `wanted`: a record names its places in many languages.

    Raises:
        DatabaseDamagedError: there is none, or something in it makes no sense.
    """
    try:
        return _value(section, offset, wanted, 0)[0]
    except (IndexError, ValueError, TypeError, struct.error) as error:
        raise DatabaseDamagedError("a record of it cannot be read") from error


def _value(section: bytes, at: int, wanted: Container[str], depth: int) -> tuple[Any, int]:
    """Return the value at `at`, and where the next one begins."""
    if depth > _MAX_DEPTH:
        raise ValueError
    kind, size, at = _control(section, at)
    if kind == _POINTER:
        target, at = _target(section, size, at)
        return _value(section, target, wanted, depth + 1)[0], at
    if kind == _MAP:
        return _map(section, at, size, wanted, depth + 1)
    if kind == _ARRAY:
        return _array(section, at, size, wanted, depth + 1)
    if kind == _BOOLEAN:
        return bool(size), at
    return _plain(kind, _bytes(section, at, size)), at + size


def _control(section: bytes, at: int) -> tuple[int, int, int]:
    """Return kind and size of the value at `at`, and where its content begins; a pointer's size is five bits."""
    control = section[at]
    kind, size, at = control >> 5, control & 31, at + 1
    if kind == _POINTER:
        return kind, size, at
    if kind == 0:
        kind, at = section[at] + 7, at + 1
    if size >= 29:
        width = size - 28
        size, at = int.from_bytes(_bytes(section, at, width)) + _SIZE_BASE[width - 1], at + width
    return kind, size, at


def _target(section: bytes, size: int, at: int) -> tuple[int, int]:
    """Return where a pointer points to, and where the next value begins."""
    width = (size >> 3) + 1
    high = (size & 7) << 8 * width if width < 4 else 0
    return (high | int.from_bytes(_bytes(section, at, width))) + _POINTER_BASE[width - 1], at + width


def _map(section: bytes, at: int, size: int, wanted: Container[str], depth: int) -> tuple[dict[str, Any], int]:
    found = {}
    for _ in range(_checked(size)):
        key, at = _key(section, at, depth)
        if key in wanted:
            found[key], at = _value(section, at, wanted, depth)
        else:
            at = _end(section, at)
    return found, at


def _key(section: bytes, at: int, depth: int) -> tuple[Any, int]:
    """Return what `_value` does, sooner for what nearly all keys are: a short text, or a pointer to one."""
    control, after = section[at], 0
    if control >> 5 == _POINTER:
        at, after = _target(section, control & 31, at + 1)
        control = section[at]
    if control >> 5 == _TEXT and control & 31 < 29:
        end = at + 1 + (control & 31)
        return _bytes(section, at + 1, control & 31).decode(), after or end
    key, end = _value(section, at, (), depth)
    return key, after or end


def _array(section: bytes, at: int, size: int, wanted: Container[str], depth: int) -> tuple[list[Any], int]:
    found = []
    for _ in range(_checked(size)):
        value, at = _value(section, at, wanted, depth)
        found.append(value)
    return found, at


def _end(section: bytes, at: int) -> int:
    """Return where the value after the one at `at` begins."""
    values, seen = 1, 0
    while values:
        values, seen = values - 1, seen + 1
        if seen > MAX_VALUES:
            raise ValueError
        kind, size, at = _control(section, at)
        if kind == _POINTER:
            at += (size >> 3) + 1
        elif kind == _MAP:
            values += 2 * size
        elif kind == _ARRAY:
            values += size
        elif kind != _BOOLEAN:
            at += size
    return at


def _checked(size: int) -> int:
    """Return `size`, of a map or an array, if a record could have it: a damaged one can say 16 million."""
    if size > MAX_VALUES:
        raise ValueError
    return size


def _plain(kind: int, content: bytes) -> Any:
    if kind == _TEXT:
        return content.decode()
    if kind in _UNSIGNED:
        return int.from_bytes(content)
    if kind == _INT32:
        return int.from_bytes(content.rjust(4, b"\0"), signed=True)
    if kind == _DOUBLE:
        return struct.unpack(">d", content)[0]
    if kind == _FLOAT:
        return struct.unpack(">f", content)[0]
    if kind == _BYTES:
        return content
    raise ValueError


def _bytes(section: bytes, at: int, size: int) -> bytes:
    content = section[at : at + size]
    if len(content) < size:
        raise IndexError
    return content
