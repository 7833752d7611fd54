"""A wall clock that a test turns, for every Python process with this directory on its path: milliseconds, in a file."""

import os
import struct
import time


def _time_ns() -> int:
    with open(os.environ["FOOTFALL_TEST_CLOCK"], "rb") as clock:
        return int(struct.unpack("<Q", clock.read())[0]) * 1_000_000


time.time_ns = _time_ns
