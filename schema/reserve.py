"""The reserve: room on the spool's volume, held by a file, for what must still be written once the volume is full."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from schema.durable_files import fsync_directory

RESERVE_NAME = "reserve"  # no day and no segment: whoever reads the spool passes it over
RESERVE_BYTES = 4 * 1024 * 1024

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def is_full(error: OSError) -> bool:
    """Whether `error` says that the volume, or this user's share of it, is full."""
    return error.errno in _FULL


class Reserve:
    """`spool/reserve`, shared by all who write to its volume: made by whoever is first, given up by whoever needs it.

    It is not synced: after a power cut it may be missing or short, and is made again.
    """

    def __init__(self, spool_dir: Path) -> None:
        self._path = spool_dir / RESERVE_NAME

    def make(self) -> bool:
        """Make it if it is not there, whole; return False while the volume is too full for that.

        It is made only where that leaves as much free again: the room that it gave up is not taken back before there
        is more. Where a file system cannot have it for another reason, the spool does without it.
        """
        if self._is_whole():
            return True
        volume = os.statvfs(self._path.parent)
        return volume.f_bavail * volume.f_frsize >= 2 * RESERVE_BYTES and self._allocate()

    @contextlib.contextmanager
    def making_room(self) -> Iterator[None]:
        """Give it up if the block fails for want of room; what the block raised is raised all the same."""
        try:
            yield
        except OSError as error:
            if is_full(error):
                self.give_up()
            raise

    def give_up(self) -> None:
        """Free its room now, if there is any. It raises nothing: its caller has a failure of its own to tell."""
        with contextlib.suppress(OSError):
            self._path.unlink()
            fsync_directory(self._path.parent)  # some file systems give freed blocks out only after a commit

    def _is_whole(self) -> bool:
        try:
            return self._path.stat().st_size >= RESERVE_BYTES
        except FileNotFoundError:
            return False

    def _allocate(self) -> bool:
        """Allocate it; several workers may do so at once, since what is allocated already stays as it is."""
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            return not is_full(error)
        try:
            os.posix_fallocate(descriptor, 0, RESERVE_BYTES)
        except OSError as error:
            self.give_up()  # some file systems keep the part that they had room for
            return not is_full(error)
        finally:
            os.close(descriptor)
        return True
