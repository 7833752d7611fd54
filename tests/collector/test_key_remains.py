"""What the hash leaves of a key in memory that it has given back, looked for in a process of its own."""

import subprocess
import sys

import pytest

PROGRAM = """if True:
    import os, pathlib, sys
    from blake3 import blake3
    from collector.day_key import _overwrite_copies

    masked = os.urandom(32)
    key = bytearray(byte ^ 0x5A for byte in masked)
    for number in range(2000):
        blake3(b"%d" % number, key=key).digest(length=8)
    key[:] = bytes(32)
    if sys.argv[1] == "overwrite":
        _overwrite_copies()
    secret, found = bytes(byte ^ 0x5A for byte in masked), 0
    with open("/proc/self/mem", "rb", buffering=0) as memory:
        for line in pathlib.Path("/proc/self/maps").read_text().splitlines():
            where, rights, *rest = line.split()
            if "w" in rights:
                start, end = (int(part, 16) for part in where.split("-"))
                memory.seek(start)
                found += memory.read(end - start).count(secret)
    print(found)
"""


def copies(how: str) -> int:
    run = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True)
    return int(run.stdout)


@pytest.mark.parametrize("attempt", range(3))
def test_overwriting_takes_most_copies_of_a_key_away(attempt: int) -> None:
    assert copies("overwrite") < copies("leave")
