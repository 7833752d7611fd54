"""A volume of a few MiB that can be filled to the last byte, and emptied again."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

CHUNK = 64 * 1024


@contextmanager
def small_volume(directory: Path, mib: int) -> Iterator[Path]:
    """Mount `mib` MiB at `directory`, in memory, until the block ends; the test is skipped where nobody may."""
    directory.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=0700", "footfall-test", str(directory)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this system lets nobody here mount a volume: no root, or no tmpfs")
    try:
        yield directory
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=True)


def free_bytes(directory: Path) -> int:
    """What is free on the volume of `directory`."""
    volume = os.statvfs(directory)
    return volume.f_bavail * volume.f_frsize


def fill(file: Path, leave_bytes: int = 0) -> None:
    """Let `file` take all that is free, as another program would, but for `leave_bytes`."""
    with file.open("ab", buffering=0) as other:
        while (free := free_bytes(file.parent) - leave_bytes) > 0:
            try:
                other.write(bytes(min(CHUNK, free)))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                with contextlib.suppress(OSError):
                    other.write(bytes(os.statvfs(file.parent).f_frsize))
                return
