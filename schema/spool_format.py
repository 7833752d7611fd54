"""The bytes of a spool segment, shared by its writer and its reader. SPOOL_FORMAT.md says the same in prose."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

import xxhash

from schema.errors import SegmentDamagedError

MAGIC = b"FOOTSPL1"
FRAME_MAGIC = b"\xf0\x0f\xa1\x17"
SEAL_MAGIC = b"\xf0\x0fSEAL!!"
MAX_PAYLOAD_BYTES = 4 * 1024 * 1024

NEW, OPEN, SEALED = ".new", ".open", ".sealed"  # the three suffixes of a segment's life
FENCE_NAME = "fence"
QUARANTINE_NAME = "quarantine"

_HEADER = struct.Struct("<8sHHI16sQ20x")  # magic, node, reserved, day, segment id, created at
_FRAME = struct.Struct("<4sIQ")  # magic, payload length, sequence number; then the CRC
_SEAL = struct.Struct("<8sQ16s")  # magic, frames, XXH3-128 of all bytes before; then the CRC
_CRC = struct.Struct("<I")

HEADER_BYTES = _HEADER.size + _CRC.size
FRAME_HEADER_BYTES = _FRAME.size + _CRC.size
SEAL_BYTES = _SEAL.size + _CRC.size


@dataclass(frozen=True)
class SegmentHeader:
    """Who wrote the segment, when, and for which UTC day; `segment_id` salts every checksum in it."""

    node: int
    day: date
    segment_id: bytes  # 16 random bytes
    created_at: int  # milliseconds since the epoch

    @property
    def name(self) -> str:
        """The file's name without suffix: sorts by time of creation."""
        return f"{self.created_at:013d}-{self.segment_id.hex()[:16]}"


def day_directory(day: date) -> str:
    """Return the name of the directory below `spool/` that holds the segments of a UTC day."""
    return day.isoformat()


def encode_header(header: SegmentHeader) -> bytes:
    """Return the first HEADER_BYTES of a segment."""
    packed = _HEADER.pack(MAGIC, header.node, 0, header.day.toordinal(), header.segment_id, header.created_at)
    return packed + _CRC.pack(zlib.crc32(packed))


def decode_header(segment: bytes) -> SegmentHeader:
    """Read the header at the start of `segment`.

    Raises:
        SegmentDamagedError: too short, not a segment, or its checksum differs.
    """
    if len(segment) < HEADER_BYTES:
        raise SegmentDamagedError("the segment is shorter than its header")
    packed = segment[: _HEADER.size]
    if _CRC.unpack_from(segment, _HEADER.size)[0] != zlib.crc32(packed):
        raise SegmentDamagedError("the segment's header does not match its checksum")
    magic, node, _, day, segment_id, created_at = _HEADER.unpack(packed)
    if magic != MAGIC:
        raise SegmentDamagedError("the segment is of another format")
    return SegmentHeader(node, date.fromordinal(day), segment_id, created_at)


def check_place(header: SegmentHeader, day: date, name: str) -> None:
    """Return if the segment is the one of that day and name (without suffix).

    Raises:
        SegmentDamagedError: it is another one, whose hits count where they belong.
    """
    if (header.day, header.name) != (day, name):
        raise SegmentDamagedError("the segment is not the one that its name says")


def encode_frame(segment_id: bytes, sequence: int, payload: bytes) -> bytes:
    """Return one frame; `sequence` counts from 0 within the segment.

    Raises:
        ValueError: the payload is empty or longer than MAX_PAYLOAD_BYTES.
    """
    if not 0 < len(payload) <= MAX_PAYLOAD_BYTES:
        raise ValueError(f"a frame holds 1 to {MAX_PAYLOAD_BYTES} bytes, not {len(payload)}")
    head = _FRAME.pack(FRAME_MAGIC, len(payload), sequence)
    return head + _CRC.pack(_frame_crc(segment_id, head, payload)) + payload


def encode_seal(frames: int, digest: bytes) -> bytes:
    """Return the footer that closes a segment of `frames` frames whose bytes hash to `digest`."""
    packed = _SEAL.pack(SEAL_MAGIC, frames, digest)
    return packed + _CRC.pack(zlib.crc32(packed))


def new_digest() -> xxhash.xxh3_128:
    """Return the running hash for a segment's bytes, header included."""
    return xxhash.xxh3_128()


def is_sealed(segment: bytes) -> bool:
    """Whether `segment`, whole, ends in a seal that matches all bytes before it."""
    body, seal = memoryview(segment)[:-SEAL_BYTES], segment[-SEAL_BYTES:]
    if len(seal) < SEAL_BYTES or _CRC.unpack_from(seal, _SEAL.size)[0] != zlib.crc32(seal[: _SEAL.size]):
        return False
    magic, _, digest = _SEAL.unpack_from(seal)
    return bool(magic == SEAL_MAGIC and digest == xxhash.xxh3_128_digest(body))


@dataclass
class Scan:
    """What a stretch of a segment holds: valid frames, and what could not be read."""

    payloads: list[bytes] = field(default_factory=list)
    end: int = 0  # offset after the last valid frame
    next_sequence: int = 0
    damaged_bytes: int = 0  # between valid frames: damage, not a torn tail
    missing_frames: int = 0  # sequence numbers passed over
    torn_bytes: int = 0  # after the last valid frame and not a seal: an unfinished commit
    has_seal: bool = False  # that matches all bytes before it


def scan_frames(segment: bytes, segment_id: bytes, *, start: int = HEADER_BYTES, sequence: int = 0) -> Scan:
    """Read all valid frames of `segment` from offset `start`, the first of which should be `sequence`.

    Goes on after damage at the next frame whose checksum holds: a frame counts only if its own bytes are
    whole and it was written for this very segment.
    """
    scan = Scan(end=start, next_sequence=sequence)
    for offset, number, payload in _valid_frames(segment, segment_id, start):
        if number < scan.next_sequence:
            continue
        scan.damaged_bytes += offset - scan.end
        scan.missing_frames += number - scan.next_sequence
        scan.payloads.append(payload)
        scan.end = offset + FRAME_HEADER_BYTES + len(payload)
        scan.next_sequence = number + 1
    scan.has_seal = is_sealed(segment)
    scan.torn_bytes = len(segment) - scan.end - (SEAL_BYTES if scan.has_seal else 0)
    return scan


def _valid_frames(segment: bytes, segment_id: bytes, start: int) -> Iterator[tuple[int, int, bytes]]:
    """Yield (offset, sequence, payload) of each frame whose checksum holds."""
    offset = start
    while (offset := segment.find(FRAME_MAGIC, offset)) >= 0:
        head = segment[offset : offset + _FRAME.size]
        body = offset + FRAME_HEADER_BYTES
        if body > len(segment):
            return
        _, length, sequence = _FRAME.unpack(head)
        payload = segment[body : body + length]
        crc = _CRC.unpack_from(segment, offset + _FRAME.size)[0]
        whole = 0 < length <= MAX_PAYLOAD_BYTES and len(payload) == length
        if whole and crc == _frame_crc(segment_id, head, payload):
            yield offset, sequence, payload
            offset = body + length
        else:
            offset += 1


def _frame_crc(segment_id: bytes, head: bytes, payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(head, zlib.crc32(segment_id)))
