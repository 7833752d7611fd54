"""Spool segments made by hand as SPOOL_FORMAT.md says: what a worker writes, and what a dying one leaves."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from schema.durable_files import make_directory
from schema.hit import Record, encode_records
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


@dataclass
class Segment:
    """A segment that a worker writes: visible, locked, without a seal yet."""

    spool_dir: Path
    day: date
    created_at: int
    name: str = field(init=False)
    frames: int = 0

    def __post_init__(self) -> None:
        header = SegmentHeader(1, self.day, os.urandom(16), self.created_at)
        self.segment_id, self.name = header.segment_id, header.name
        make_directory(self.directory)
        new = self.directory / (self.name + NEW)
        self._descriptor = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        os.write(self._descriptor, encode_header(header))
        new.rename(self.path)

    @property
    def directory(self) -> Path:
        return self.spool_dir / day_directory(self.day)

    @property
    def path(self) -> Path:
        """Its path while open."""
        return self.directory / (self.name + OPEN)

    @property
    def sealed_path(self) -> Path:
        return self.directory / (self.name + SEALED)

    def frame(self, records: list[Record]) -> bytes:
        """The next frame."""
        frame = encode_frame(self.segment_id, self.frames, encode_records(records))
        self.frames += 1
        return frame

    def write(self, *records: Record) -> None:
        """Commit one frame."""
        self.write_bytes(self.frame(list(records)))

    def write_bytes(self, content: bytes) -> None:
        os.write(self._descriptor, content)

    def seal(self) -> Path:
        """Close it as a worker does; return its new path."""
        digest = new_digest()
        digest.update(self.path.read_bytes())
        self.write_bytes(encode_seal(self.frames, digest.digest()))
        self.path.rename(self.sealed_path)
        self.die()
        return self.sealed_path

    def die(self) -> None:
        """Let go of it as a killed worker does."""
        os.close(self._descriptor)


def sealed_segment(spool_dir: Path, day: date, *records: Record, created_at: int = 1) -> Path:
    """A sealed segment with one frame per record; its path."""
    segment = Segment(spool_dir, day, created_at)
    for record in records:
        segment.write(record)
    return segment.seal()
