"""One process at a time owns a directory; the system lets go of the lock however that process ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from schema.errors import DataDirInUseError


def lock_directory(directory: Path, name: str) -> int:
    """Take the lock `name` in `directory`; return the descriptor that holds it until it is closed.

    Raises:
        DataDirInUseError: another process has it.
        OSError: the directory cannot be written.
    """
    descriptor = os.open(directory / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise DataDirInUseError(str(directory)) from None
    return descriptor
