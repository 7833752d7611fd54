"""The fence between the collector's workers and the aggregator: the instant before which no new hit may be written.

SPOOL_FORMAT.md says why this closes the race between cutting a window and creating a segment.
"""

from __future__ import annotations

import struct
from pathlib import Path

from schema.batch import utc_day
from schema.durable_files import fsync_directory, replace_file
from schema.errors import ClockError
from schema.spool_format import FENCE_NAME

_FENCE = struct.Struct("<Q")


def read_fence(spool_dir: Path) -> int:
    """Return the fence in milliseconds since the epoch; 0 before the first one."""
    try:
        return int(_FENCE.unpack((spool_dir / FENCE_NAME).read_bytes())[0])
    except FileNotFoundError:
        return 0


def check_fence(spool_dir: Path, now_ms: int) -> None:
    """Return if the fence is behind `now_ms`, or ahead of it within the same UTC day, to its end at most.

    Raises:
        ClockError: it is on a later day, so that every hit would be refused until then: this clock or an earlier one
            is wrong.
    """
    fence_ms = read_fence(spool_dir)
    if utc_day(max(0, fence_ms - 1)) > utc_day(now_ms):
        raise ClockError(
            f"hits were counted up to {utc_day(fence_ms)}, but this machine's clock says {utc_day(now_ms)}",
            hint=f"set the clock right; if it was wrong before and is right now, remove {spool_dir / FENCE_NAME}; "
            "hits of days that were closed meanwhile are refused",
        )


def raise_fence(spool_dir: Path, at_ms: int) -> int:
    """Move the fence to `at_ms`, durably, and return where it stands; it never goes backwards. One caller at a time."""
    fence = read_fence(spool_dir)
    if at_ms <= fence:
        fsync_directory(spool_dir)  # it may be there by the name only: after a call that failed at just this
        return fence
    replace_file(spool_dir / FENCE_NAME, _FENCE.pack(at_ms))
    return at_ms
