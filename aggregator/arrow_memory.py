"""Arrow's memory while much is read at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pyarrow as pa


@contextmanager
def pages_kept() -> Iterator[None]:
    """Let Arrow keep the pages that it has read a file into for the next one.

    Its usual pool often gives them back at once, and the system clears each anew: half of the time of reading a small
    file. For commands that read many and end, in all threads of the process.
    """
    before = pa.default_memory_pool()
    with suppress(NotImplementedError):  # not every build of Arrow has it
        pa.set_memory_pool(pa.jemalloc_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(before)
