"""Memory that is free goes back to the system: the C library keeps what many small arrays have left behind."""

from __future__ import annotations

import ctypes

import pyarrow as pa

_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc; others give it back by themselves


def release_free_memory() -> None:
    """Give back what nothing uses. Takes some milliseconds."""
    pa.default_memory_pool().release_unused()
    if _trim is not None:
        _trim(0)
