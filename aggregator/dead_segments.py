"""Segments that a worker left behind when it died: cut at the last whole frame, sealed, renamed."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from aggregator.quarantine import Quarantine
from schema.durable_files import fsync_directory, replace_file
from schema.errors import SegmentDamagedError
from schema.spool_format import (
    NEW,
    OPEN,
    SEALED,
    check_place,
    day_directory,
    decode_header,
    encode_seal,
    is_sealed,
    new_digest,
    scan_frames,
)

STALE_MS = 60_000  # a worker needs milliseconds from creating a `.new` file to locking it


@dataclass
class Recovery:
    """What was found and done."""

    sealed: list[str] = field(default_factory=list)
    torn_bytes: int = 0  # cut: never acknowledged
    problems: list[SegmentDamagedError] = field(default_factory=list)


def recover_dead(spool_dir: Path, day: date, now_ms: int) -> Recovery:
    """Seal the day's `.open` segments whose worker is gone, set aside those without a header, remove stale `.new`."""
    recovery = Recovery()
    directory = spool_dir / day_directory(day)
    for path in sorted(directory.glob(f"*{OPEN}")):
        with _locked(path) as descriptor:
            if descriptor is not None:
                _recover(path, descriptor, Quarantine(spool_dir), day, recovery)
    for path in sorted(directory.glob(f"*{NEW}")):
        with _locked(path) as descriptor:
            if descriptor is not None and _created_at(path) < now_ms - STALE_MS:
                path.unlink()
    return recovery


def _created_at(path: Path) -> int:
    """Return the instant that a segment's name starts with; 0 if it does not."""
    instant = path.name.partition("-")[0]
    return int(instant) if instant.isdecimal() else 0


@contextmanager
def _locked(path: Path) -> Iterator[int | None]:
    """Give a descriptor that holds the lock on what `path` names; None while a worker has it, or has renamed it."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        yield None
        return
    try:
        yield descriptor if _try_lock(descriptor) and _is_still(path, descriptor) else None
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_still(path: Path, descriptor: int) -> bool:
    """Whether `path` names the open file: its worker may have sealed and renamed it before we had the lock."""
    try:
        return os.stat(path).st_ino == os.fstat(descriptor).st_ino
    except FileNotFoundError:
        return False


def _recover(path: Path, descriptor: int, quarantine: Quarantine, day: date, recovery: Recovery) -> None:
    content = path.read_bytes()
    try:
        header = decode_header(content)
        check_place(header, day, path.stem)
    except SegmentDamagedError as error:
        quarantine.take(day, path)
        recovery.problems.append(
            SegmentDamagedError(f"{error}; {day}/{path.name}, {len(content)} bytes, was set aside whole")
        )
        return
    if not is_sealed(content):
        scan = scan_frames(content, header.segment_id)
        recovery.torn_bytes += len(content) - scan.end
        content = _sealed(content[: scan.end], len(scan.payloads))
    # A new file: where a sync failed, the system may take pages for clean that never reached the disk, and syncing
    # them again would prove nothing.
    replace_file(path, content)
    path.rename(path.with_suffix(SEALED))
    fsync_directory(path.parent)
    recovery.sealed.append(path.stem)


def _sealed(content: bytes, frames: int) -> bytes:
    digest = new_digest()
    digest.update(content)
    return content + encode_seal(frames, digest.digest())
