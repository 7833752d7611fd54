"""The MaxMind DB file format, version 2: networks → records. The file is read into memory, so it may change at will.

Not by the package maxminddb: its fast reader maps the file, and a mapped file that is cut short kills the process; its
other one takes the time of a whole beacon for a look-up.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Container
from pathlib import Path
from typing import Any

from collector.mmdb_records import DatabaseDamagedError, decode_value

_MARKER = b"\xab\xcd\xefMaxMind.com"
_METADATA_BYTES = 131_072  # it begins within this many of the end
_METADATA = ("binary_format_major_version", "node_count", "record_size", "ip_version")
_SEPARATOR = 16  # bytes between tree and records
_NODES_AT_A_TIME = 65_536  # other threads have their turn in between
_HIGH, _LOW = bytes(byte >> 4 for byte in range(256)), bytes(byte & 15 for byte in range(256))


class Database:
    """One file, wholly in memory: about its size."""

    def __init__(self, content: bytes) -> None:
        """Read `content`.

        Raises:
            DatabaseDamagedError: it is not what a file should have.
        """
        metadata = _metadata(content)
        self._count, size, version = (_number(metadata, key) for key in ("node_count", "record_size", "ip_version"))
        if size not in _EXPANDERS or version not in (4, 6) or not self._count:
            raise DatabaseDamagedError("its metadata makes no sense")
        tree_bytes = self._count * size // 4
        if len(content) < tree_bytes + _SEPARATOR:
            raise DatabaseDamagedError("it ends within its search tree")
        self._tree = _expand(memoryview(content)[:tree_bytes], size)
        self._records = content[tree_bytes + _SEPARATOR :]
        self._has_ipv6 = version == 6
        self._ipv4_root = self._walk(0, 0, 96) if self._has_ipv6 else 0

    def find(self, address: bytes) -> int:
        """Return where the record of `address` (IPv4, or the /64 of IPv6) is; -1 if there is none.

        Raises:
            DatabaseDamagedError: the tree leads nowhere.
        """
        if len(address) == 4:
            node = self._walk(self._ipv4_root, int.from_bytes(address), 32)
        elif self._has_ipv6:
            node = self._walk(0, int.from_bytes(address[:8].ljust(8, b"\0")), 64)
            if node < self._count:
                node = self._walk(node, 0, 64)
        else:
            return -1
        if node == self._count:
            return -1
        offset = node - self._count - _SEPARATOR
        if not 0 <= offset < len(self._records):
            raise DatabaseDamagedError("its search tree leads to no record")
        return offset

    def record(self, offset: int, wanted: Container[str]) -> Any:
        """Return the record at `offset`: dicts, of which only the keys that are `wanted`, lists, texts and numbers.

        Raises:
            DatabaseDamagedError: there is none.
        """
        return decode_value(self._records, offset, wanted)

    def _walk(self, node: int, bits: int, width: int) -> int:
        """Return where the lowest `width` bits of `bits`, the highest of them first, lead from `node`."""
        tree, count = self._tree, self._count
        while width and node < count:
            width -= 1
            node = tree[2 * node + (bits >> width & 1)]
        return node


def read_database(path: Path) -> Database:
    """Return the database in the file at `path`.

    Raises:
        OSError: it cannot be read.
        DatabaseDamagedError: it is no database, or damaged.
    """
    return Database(path.read_bytes())


def _metadata(content: bytes) -> dict[str, Any]:
    start = content.rfind(_MARKER, max(0, len(content) - _METADATA_BYTES))
    if start < 0:
        raise DatabaseDamagedError("it is not a MaxMind DB file, or its end is missing")
    metadata = decode_value(content[start + len(_MARKER) :], 0, _METADATA)
    if not isinstance(metadata, dict) or metadata.get("binary_format_major_version") != 2:
        raise DatabaseDamagedError("its format is not version 2")
    return metadata


def _number(metadata: dict[str, Any], key: str) -> int:
    value = metadata.get(key)
    return value if isinstance(value, int) else 0


def _expand(tree: memoryview, record_size: int) -> array[int]:
    """Return two numbers of 32 bits for each node of `tree`, whose records have `record_size` bits."""
    expanded = array("I")
    step = _NODES_AT_A_TIME * record_size // 4
    for start in range(0, len(tree), step):
        piece = array("I", bytes(_EXPANDERS[record_size](tree[start : start + step])))
        if sys.byteorder == "little":
            piece.byteswap()
        expanded += piece
    return expanded


def _expand_24(tree: memoryview) -> bytearray:
    wide = bytearray(len(tree) // 3 * 4)
    for place in range(3):
        wide[place + 1 :: 4] = tree[place::3]
    return wide


def _expand_28(tree: memoryview) -> bytearray:
    wide = bytearray(len(tree) // 7 * 8)
    shared = bytes(tree[3::7])
    wide[0::8], wide[4::8] = shared.translate(_HIGH), shared.translate(_LOW)
    for place in range(3):
        wide[place + 1 :: 8] = tree[place::7]
        wide[place + 5 :: 8] = tree[place + 4 :: 7]
    return wide


_EXPANDERS: dict[int, Callable[[memoryview], bytearray]] = {24: _expand_24, 28: _expand_28, 32: bytearray}
