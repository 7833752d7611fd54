import os
from pathlib import Path

from aggregator.allocator import release_free_memory

BLOCKS, BLOCK_BYTES = 2000, 100_000  # small enough to come from the heap


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_what_is_free_goes_back_to_the_system_whatever_is_kept_behind_it() -> None:
    blocks = [bytearray(b"x" * BLOCK_BYTES) for _ in range(BLOCKS)]
    kept = bytearray(b"x" * BLOCK_BYTES)  # the end of the heap stays in use
    blocks.clear()
    before = resident_bytes()
    release_free_memory()
    assert before - resident_bytes() > BLOCKS * BLOCK_BYTES // 2
    assert len(kept) == BLOCK_BYTES
