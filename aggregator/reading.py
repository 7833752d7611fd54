"""What one look at some segments of a day gave: hits, and what could not be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from aggregator.packed_hits import PackedHits, pack, unpack, unpack_known
from schema.errors import SegmentDamagedError
from schema.hit import Record, decode_records
from schema.spool_format import HEADER_BYTES, Scan, SegmentHeader


@dataclass
class Reading:
    """What is new in some segments; `hits` are the records of `payloads`."""

    payloads: list[bytes] = field(default_factory=list)  # of frames that hold records of this version
    problems: list[SegmentDamagedError] = field(default_factory=list)
    hits: PackedHits = field(default_factory=lambda: unpack(pack([])))

    @property
    def records(self) -> list[Record]:
        """The records one by one, for those who are in no hurry."""
        return [record for payload in self.payloads for record in decode_records(payload)]


@dataclass
class Progress:
    """How far a segment was read."""

    header: SegmentHeader | None = None
    offset: int = HEADER_BYTES
    sequence: int = 0
    undecodable: int = 0  # frames that are whole, and hold no records of this version


@dataclass(frozen=True)
class Look:
    """What is new in one segment."""

    path: str
    progress: Progress
    scan: Scan
    sealed: bytes = b""  # all of it, once it is sealed

    @property
    def payload_bytes(self) -> int:
        """How much there is to decode."""
        return sum(map(len, self.scan.payloads))

    @property
    def is_damaged(self) -> bool:
        """Whether something of a sealed segment could not be read; known once its payloads are decoded."""
        scan = self.scan
        lost = scan.damaged_bytes or scan.missing_frames or self.progress.undecodable
        return bool(self.sealed) and not (scan.has_seal and not lost)

    def describe_damage(self) -> SegmentDamagedError:
        """Return what to tell of it."""
        scan = self.scan
        return SegmentDamagedError(
            f"segment {'/'.join(self.path.split('/')[-2:])} is damaged:"
            f" {scan.damaged_bytes + scan.torn_bytes} bytes cannot be read, at least {scan.missing_frames} frames are"
            f" missing, {self.progress.undecodable} hold nothing that this version knows; the rest counts, a copy is in"
            " quarantine"
        )


def together(looks: Iterator[Look], payload_bytes: int) -> Iterator[list[Look]]:
    """Yield `looks` in groups of about this much to decode: many hits at once are decoded quickly."""
    group, size = list[Look](), 0
    for look in looks:
        group.append(look)
        size += look.payload_bytes
        if size >= payload_bytes:
            yield group
            group, size = [], 0
    if group:
        yield group


def decoded(looks: Sequence[Look]) -> tuple[list[bytes], PackedHits]:
    """Return the payloads that hold records of this version, and their hits; count the others in their progress."""
    found = [(payload, look) for look in looks for payload in look.scan.payloads]
    hits, unknown = unpack_known([payload for payload, _ in found])
    for place in reversed(unknown):
        found.pop(place)[1].progress.undecodable += 1
    return [payload for payload, _ in found], hits
