"""MaxMind DB files for tests: a few networks, each with a record, in any of the forms that the format allows."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from ipaddress import IPv4Network, ip_network
from typing import Any

_MARKER = b"\xab\xcd\xefMaxMind.com"
_POINTER, _TEXT, _DOUBLE, _UINT16, _UINT32, _UINT64, _MAP, _ARRAY, _BOOLEAN = 1, 2, 3, 5, 6, 9, 7, 11, 14


class Uint16(int):
    """A number that is written as one of 16 bits, as readers want it in the metadata."""


class Uint64(int):
    """A number that is written as one of 64 bits."""


def make_mmdb(records: Mapping[str, Any], *, record_size: int = 28, ip_version: int = 6, **metadata: Any) -> bytes:
    """Return a file with `records` by network; in one for IPv6, IPv4 networks are at ::/96."""
    section, offsets = bytearray(), {}
    texts: dict[str, int] = {}
    for network, record in records.items():
        body = _encode(record, texts, len(section))
        offsets[network] = len(section)
        section += body
    nodes = _tree({_bits(network, ip_version): offset for network, offset in offsets.items()})
    tree = b"".join(_node(left, right, record_size) for left, right in nodes)
    described = {
        "binary_format_major_version": Uint16(2),
        "binary_format_minor_version": Uint16(0),
        "build_epoch": Uint64(1_767_225_600),
        "database_type": "Test-City",
        "description": {"en": "made by a test"},
        "ip_version": Uint16(ip_version),
        "languages": ["en"],
        "node_count": len(nodes),
        "record_size": Uint16(record_size),
        **metadata,
    }
    return tree + bytes(16) + bytes(section) + _MARKER + _encode(described, None, 0)


def _bits(network: str, ip_version: int) -> str:
    parsed = ip_network(network)
    width = parsed.max_prefixlen
    bits = format(int(parsed.network_address), f"0{width}b")[: parsed.prefixlen]
    return "0" * 96 + bits if ip_version == 6 and isinstance(parsed, IPv4Network) else bits


def _tree(leaves: Mapping[str, int]) -> list[tuple[int, int]]:
    """Return (left, right) of each node: another node, node_count for nothing, or past it and 16 a record."""
    children: list[list[tuple[str, int] | None]] = [[None, None]]
    for bits, offset in sorted(leaves.items()):
        node = 0
        for bit in map(int, bits[:-1]):
            child = children[node][bit]
            if child is None or child[0] == "record":  # a network within another: the outer one goes on around it
                children.append([child, child])
                child = children[node][bit] = ("node", len(children) - 1)
            node = child[1]
        children[node][int(bits[-1])] = ("record", offset)
    count = len(children)

    def number(child: tuple[str, int] | None) -> int:
        if child is None:
            return count
        return child[1] if child[0] == "node" else count + 16 + child[1]

    return [(number(left), number(right)) for left, right in children]


def _node(left: int, right: int, record_size: int) -> bytes:
    if record_size == 28:
        shared = (left >> 24) << 4 | right >> 24
        return (left & 0xFFFFFF).to_bytes(3) + bytes([shared]) + (right & 0xFFFFFF).to_bytes(3)
    return left.to_bytes(record_size // 8) + right.to_bytes(record_size // 8)


def _encode(value: Any, texts: dict[str, int] | None, start: int) -> bytes:
    """Return `value` as it stands at `start`; with `texts`, where each stands already, one met again is a pointer."""
    if isinstance(value, str):
        return _encode_text(value, texts, start)
    if isinstance(value, bool):
        return _control(_BOOLEAN, int(value))
    if isinstance(value, int):
        kind = _UINT16 if isinstance(value, Uint16) else _UINT64 if isinstance(value, Uint64) else _UINT32
        content = value.to_bytes(8).lstrip(b"\0")
        return _control(kind, len(content)) + content
    if isinstance(value, float):
        return _control(_DOUBLE, 8) + struct.pack(">d", value)
    parts = [part for pair in value.items() for part in pair] if isinstance(value, Mapping) else value
    encoded = _control(_MAP if isinstance(value, Mapping) else _ARRAY, len(value))
    for part in parts:
        encoded += _encode(part, texts, start + len(encoded))
    return encoded


def _encode_text(value: str, texts: dict[str, int] | None, start: int) -> bytes:
    if texts is not None and value in texts:
        return _pointer(texts[value])
    if texts is not None:
        texts[value] = start
    content = value.encode()
    return _control(_TEXT, len(content)) + content


def _pointer(target: int) -> bytes:
    for width, (base, end) in enumerate(((0, 2048), (2048, 526_336), (526_336, 2**27))):
        if target < end:
            low = (target - base).to_bytes(width + 2)
            return bytes([_POINTER << 5 | width << 3 | low[0]]) + low[1:]
    return bytes([_POINTER << 5 | 3 << 3]) + target.to_bytes(4)


def _control(kind: int, size: int) -> bytes:
    first = kind << 5 if kind < 8 else 0
    extended = bytes([kind - 7]) if kind >= 8 else b""
    for width, (base, end) in enumerate(((0, 29), (29, 285), (285, 65_821), (65_821, 2**24))):
        if size < end:
            return (
                bytes([first | (size if width == 0 else 28 + width)])
                + extended
                + (size - base).to_bytes(width or 1)[:width]
            )
    raise ValueError(size)
