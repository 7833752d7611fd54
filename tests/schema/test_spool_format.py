from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema import spool_format
from schema.errors import SegmentDamagedError

HEADER = spool_format.SegmentHeader(7, date(2026, 3, 10), bytes(range(16)), 1_773_100_800_123)
payload_lists = st.lists(st.binary(min_size=1, max_size=200), max_size=8)


def segment_of(payloads: list[bytes], *, sealed: bool = False, header: spool_format.SegmentHeader = HEADER) -> bytes:
    body = spool_format.encode_header(header)
    for sequence, payload in enumerate(payloads):
        body += spool_format.encode_frame(header.segment_id, sequence, payload)
    if not sealed:
        return body
    digest = spool_format.new_digest()
    digest.update(body)
    return body + spool_format.encode_seal(len(payloads), digest.digest())


def scan(segment: bytes) -> spool_format.Scan:
    return spool_format.scan_frames(segment, HEADER.segment_id)


def test_header_survives_the_round_trip() -> None:
    assert spool_format.decode_header(spool_format.encode_header(HEADER)) == HEADER


def test_header_is_as_long_as_the_format_says() -> None:
    assert len(spool_format.encode_header(HEADER)) == spool_format.HEADER_BYTES == 64


@given(payload_lists, st.booleans())
def test_frames_survive_the_round_trip(payloads: list[bytes], sealed: bool) -> None:
    found = scan(segment_of(payloads, sealed=sealed))
    assert (found.payloads, found.damaged_bytes, found.missing_frames, found.torn_bytes) == (payloads, 0, 0, 0)


@given(payload_lists, st.data())
def test_a_truncated_segment_gives_its_whole_frames_and_says_what_is_torn(
    payloads: list[bytes], data: st.DataObject
) -> None:
    segment = segment_of(payloads)
    cut = data.draw(st.integers(spool_format.HEADER_BYTES, len(segment)))
    found = scan(segment[:cut])
    assert found.payloads == payloads[: len(found.payloads)]
    assert found.end + found.torn_bytes == cut


@given(payload_lists.filter(bool), st.data())
def test_a_flipped_bit_loses_at_most_its_own_frame_and_is_reported(payloads: list[bytes], data: st.DataObject) -> None:
    segment = bytearray(segment_of(payloads, sealed=True))
    position = data.draw(st.integers(spool_format.HEADER_BYTES, len(segment) - 1))
    segment[position] ^= 1 << data.draw(st.integers(0, 7))
    found = scan(bytes(segment))
    lost = len(payloads) - len(found.payloads)
    assert lost <= 1
    assert all(payload in payloads for payload in found.payloads)
    assert found.damaged_bytes + found.torn_bytes > 0  # the seal no longer matches, so at least that is reported
    assert found.missing_frames + (found.next_sequence < len(payloads)) == lost


@pytest.mark.parametrize("position", range(spool_format.HEADER_BYTES))
def test_every_byte_of_the_header_is_under_its_checksum(position: int) -> None:
    segment = bytearray(segment_of([b"x"]))
    segment[position] ^= 0x40
    with pytest.raises(SegmentDamagedError):
        spool_format.decode_header(bytes(segment))


def test_a_frame_of_another_segment_does_not_count() -> None:
    other = spool_format.SegmentHeader(7, HEADER.day, bytes(16), HEADER.created_at)
    assert scan(segment_of([b"one"], header=other)).payloads == []


def test_a_repeated_frame_counts_once() -> None:
    frame = spool_format.encode_frame(HEADER.segment_id, 0, b"one")
    assert scan(spool_format.encode_header(HEADER) + frame + frame).payloads == [b"one"]


def test_a_missing_frame_is_noticed_by_its_sequence_number() -> None:
    frames = [spool_format.encode_frame(HEADER.segment_id, number, b"x") for number in (0, 2)]
    assert scan(spool_format.encode_header(HEADER) + b"".join(frames)).missing_frames == 1


@pytest.mark.parametrize("payload", [b"", bytes(spool_format.MAX_PAYLOAD_BYTES + 1)])
def test_a_frame_is_neither_empty_nor_too_long(payload: bytes) -> None:
    with pytest.raises(ValueError, match="a frame holds"):
        spool_format.encode_frame(HEADER.segment_id, 0, payload)


def test_names_sort_by_time_of_creation() -> None:
    later = spool_format.SegmentHeader(7, HEADER.day, bytes(16), HEADER.created_at + 1)
    assert HEADER.name < later.name
