"""One segment of the spool while a worker writes it: created, appended to, sealed. SPOOL_FORMAT.md has its life."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from schema.durable_files import fsync_directory, settle_directory, write_all
from schema.spool_format import (
    NEW,
    OPEN,
    SEALED,
    SegmentHeader,
    day_directory,
    encode_frame,
    encode_header,
    encode_seal,
    new_digest,
)


class Segment:
    """A segment that exists, is visible as `.open`, and is locked by this process.

    Every method raises OSError when the system refuses. From then on the segment must not be touched again: what
    is on disk is not known, and whoever finds it without a lock recovers it.
    """

    def __init__(self, spool_dir: Path, node: int, day: date, now_ms: int) -> None:
        """Create it, durably; `now_ms` goes into its name. If that fails, this process has let go of it."""
        header = SegmentHeader(node, day, os.urandom(16), now_ms)
        directory = spool_dir / day_directory(day)
        settle_directory(directory)
        self.day = day
        self._id = header.segment_id
        self._path = directory / (header.name + NEW)
        self._frames = 0
        self._digest = new_digest()
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._write(encode_header(header))
            os.fsync(self._descriptor)
            self._rename(OPEN)
        except OSError:
            self._abandon()
            raise

    @property
    def name(self) -> str:
        """Its file's name without suffix."""
        return self._path.stem

    @property
    def directory(self) -> Path:
        """The directory of its day."""
        return self._path.parent

    def append(self, payloads: Sequence[bytes]) -> int:
        """Put each payload into a frame, all of them on stable storage when this returns; return the bytes written."""
        frames = b"".join(
            encode_frame(self._id, number, payload) for number, payload in enumerate(payloads, self._frames)
        )
        self._write(frames)
        os.fdatasync(self._descriptor)
        self._frames += len(payloads)
        return len(frames)

    def seal(self) -> None:
        """Write the seal, make the segment `.sealed`, and let go of it."""
        self._write(encode_seal(self._frames, self._digest.digest()))
        os.fsync(self._descriptor)
        self._rename(SEALED)
        os.close(self._descriptor)

    def _abandon(self) -> None:
        """Remove what is still `.new`; leave what is `.open`, with no hits in it, to recovery."""
        if self._path.suffix == NEW:
            with contextlib.suppress(OSError):
                self._path.unlink()
        os.close(self._descriptor)

    def _write(self, content: bytes) -> None:
        write_all(self._descriptor, content)
        self._digest.update(content)

    def _rename(self, suffix: str) -> None:
        target = self._path.with_suffix(suffix)
        self._path.rename(target)
        self._path = target
        fsync_directory(target.parent)
