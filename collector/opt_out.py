"""The wish not to be counted, as browsers send it."""

from __future__ import annotations

from collections.abc import Mapping


def is_opt_out(headers: Mapping[bytes, bytes], *, respect_dnt: bool) -> bool:
    """Whether the request says Sec-GPC: 1, or DNT: 1 where that is respected; however often, whatever else it says."""
    return _says_so(headers.get(b"sec-gpc")) or (respect_dnt and _says_so(headers.get(b"dnt")))


def _says_so(value: bytes | None) -> bool:
    return value is not None and b"1" in map(bytes.strip, value.split(b","))
