"""A directory whose files are in memory only: where the day key is, so that it is never written to a disk."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

import xxhash

from schema.errors import DayKeyError

CANDIDATES = (Path("/dev/shm"), Path("/run"))  # noqa: S108 (not for temporary files: its entries are checked)
MOUNTS = Path("/proc/self/mounts")
_IN_MEMORY = frozenset(("tmpfs", "ramfs"))


def find_memory_directory(data_dir: Path, candidates: Sequence[Path] = CANDIDATES, mounts: Path = MOUNTS) -> Path:
    """Return the in-memory directory of the instance that owns `data_dir`: the same for all its processes.

    Raises:
        DayKeyError: none of `candidates` is in memory and writable.
    """
    name = f"footfall-{os.getuid()}-{xxhash.xxh3_64_hexdigest(os.fsencode(data_dir.resolve()))}"
    for candidate in candidates:
        if file_system_of(candidate, mounts) in _IN_MEMORY and os.access(candidate, os.W_OK | os.X_OK):
            return candidate / name
    raise DayKeyError(
        "there is no directory in memory for the day key",
        hint=f"mount a tmpfs on one of {', '.join(map(str, candidates))}, writable for this user",
    )


def make_private_directory(directory: Path) -> None:
    """Create `directory` for this user only, unless it is there.

    Raises:
        DayKeyError: what is there is not that, but something that another user made before us.
    """
    try:
        directory.mkdir(mode=0o700)
    except FileExistsError:
        found = directory.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) != 0o700:
            raise DayKeyError(
                f"{directory} is not a private directory of this user", hint="remove it: it is not Footfall's"
            ) from None


def file_system_of(path: Path, mounts: Path = MOUNTS) -> str:
    """Return the type of the file system that holds `path`, such as `ext4`, by the longest mount point above it."""
    rows = [line.split(" ") for line in mounts.read_text(encoding="utf-8").splitlines()]
    resolved = path.resolve()
    # Of several mounts on one point the last one is seen.
    above = [(len(row[1]), index, row[2]) for index, row in enumerate(rows) if resolved.is_relative_to(row[1])]
    return max(above, default=(0, 0, ""))[2]
