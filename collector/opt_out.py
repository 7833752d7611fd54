"""The wish not to be counted, as browsers send it."""

from __future__ import annotations

from collections.abc import Mapping


def is_opt_out(headers: Mapping[bytes, bytes], *, respect_dnt: bool) -> bool:
    """Whether the request says Sec-GPC: 1, or DNT: 1 where that is respected."""
    return headers.get(b"sec-gpc") == b"1" or (respect_dnt and headers.get(b"dnt") == b"1")
