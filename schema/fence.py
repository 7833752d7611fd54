"""The fence between the collector's workers and the aggregator: the instant before which no new hit may be written.

SPOOL_FORMAT.md says why this closes the race between cutting a window and creating a segment.
"""

from __future__ import annotations

import struct
from pathlib import Path

from schema.durable_files import replace_file
from schema.spool_format import FENCE_NAME

_FENCE = struct.Struct("<Q")


def read_fence(spool_dir: Path) -> int:
    """Return the fence in milliseconds since the epoch; 0 before the first one."""
    try:
        return int(_FENCE.unpack((spool_dir / FENCE_NAME).read_bytes())[0])
    except FileNotFoundError:
        return 0


def raise_fence(spool_dir: Path, at_ms: int) -> int:
    """Move the fence to `at_ms`, durably, and return where it stands; it never goes backwards. One caller at a time."""
    fence = read_fence(spool_dir)
    if at_ms <= fence:
        return fence
    replace_file(spool_dir / FENCE_NAME, _FENCE.pack(at_ms))
    return at_ms
