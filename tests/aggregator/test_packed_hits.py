"""What is unpacked all at once is what the general decoder reads one by one."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.hit_frame import fields_of, frames_of
from aggregator.packed_hits import pack, unpack, unpack_known
from aggregator.packed_texts import NotPlainError
from aggregator.vocabulary import Vocabulary
from schema.hit import Hit, Record, RejectedHit, Rejection, decode_records, encode_records
from support.hits import event, pageview
from support.random_records import hits as few_hits
from support.random_records import records as few_records

TEXTS = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(["x" * 31, "ß" * 16, "y" * 255, "z" * 256])
UNSIGNED = st.sampled_from([0, 127, 128, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, 2**63, 2**64 - 1])
SIGNED = st.sampled_from([0, -1, -32, -33, -128, -129, -32_769, -(2**31) - 1, -(2**63), 255, 2**31, 2**63 - 1])


@st.composite
def odd_hits(draw: st.DrawFn) -> Hit:
    """Hits whose values are at the edges of what MessagePack tells apart."""
    texts = {name: draw(TEXTS) for name in ("site", "path", "referrer", "utm_content", "country", "screen", "currency")}
    return msgspec.structs.replace(
        draw(few_hits()),
        **texts,
        visitor=draw(UNSIGNED),
        event_id=draw(UNSIGNED),
        revenue=draw(SIGNED),
        props=tuple(draw(st.lists(st.tuples(TEXTS, TEXTS), max_size=4))),
    )


def unpacked(payloads: Sequence[bytes]) -> tuple[list[tuple[object, ...]], list[RejectedHit]]:
    vocabulary = Vocabulary()
    found = unpack(payloads)
    return fields_of(frames_of(found, vocabulary)[0], vocabulary), found.rejected


def one_by_one(records: Sequence[Hit | RejectedHit]) -> tuple[list[tuple[object, ...]], list[RejectedHit]]:
    hits = [msgspec.structs.astuple(record) for record in records if isinstance(record, Hit)]
    return hits, [record for record in records if isinstance(record, RejectedHit)]


@settings(deadline=None, max_examples=60)
@given(st.lists(few_records, min_size=1, max_size=4))
def test_hits_and_rejected_hits_are_those_that_were_packed(frames: list[list[Record]]) -> None:
    assert unpacked([encode_records(frame) for frame in frames]) == one_by_one(
        [hit for frame in frames for hit in frame]
    )


@settings(deadline=None, max_examples=60)
@given(st.lists(odd_hits(), min_size=1, max_size=6))
def test_values_of_any_length_are_those_that_were_packed(hits: list[Hit]) -> None:
    assert unpacked(pack([*hits])) == one_by_one(hits)


@settings(deadline=None, max_examples=60)
@given(st.lists(odd_hits(), min_size=1, max_size=3), st.data())
def test_damage_is_seen_or_reads_as_the_general_decoder_reads_it(hits: list[Hit], data: st.DataObject) -> None:
    content = bytearray(encode_records([*hits]))
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = unpacked([bytes(content)])
    except NotPlainError:
        return
    assert found == one_by_one(decode_records(bytes(content)))


def test_a_hits_first_bytes_inside_another_hit_are_no_hit() -> None:
    hits = [pageview("10:00", event_id=0xDC002101DC002101), pageview("10:01")]
    assert unpacked(pack([*hits])) == one_by_one(hits)


def test_a_payload_without_records_is_nothing() -> None:
    assert unpacked([encode_records([])]) == ([], [])


def test_more_properties_than_a_short_array_holds_are_left_to_the_general_decoder() -> None:
    hit = event("10:00", "buy", props=tuple((f"key {number}", "x") for number in range(16)))
    with pytest.raises(NotPlainError):
        unpack(pack([hit]))


def test_what_this_version_does_not_know_is_named_and_the_rest_counts() -> None:
    rejected = RejectedHit("a.example", 5, Rejection.BOT)
    strange = msgspec.msgpack.encode([[2, "a.example", 5, "unheard of"]])
    found, unknown = unpack_known([*pack([pageview("10:00")]), strange, b"\xc0", *pack([rejected])])
    assert (found.records, found.rejected, unknown) == (2, [rejected], [1, 2])


@pytest.mark.parametrize("field", ["path", "city", "referrer"])
def test_a_text_that_is_not_utf8_is_not_known(field: str) -> None:
    payload = encode_records([msgspec.structs.replace(pageview("10:00"), **{field: "#" * 9})])
    assert unpack_known([payload.replace(b"#" * 9, b"\xff" * 9)])[1] == [0]


@settings(deadline=None, max_examples=40)
@given(st.lists(few_records, max_size=6).map(lambda parts: [record for part in parts for record in part]))
def test_what_is_left_out_is_gone_and_the_others_stay_as_they_were(records: list[Record]) -> None:
    def leaves_out(site: str, at: int) -> bool:
        return at % 2 == len(site) % 2

    left = unpack(pack(records)).without(leaves_out)
    expected = unpack(pack([record for record in records if not leaves_out(record.site, record.at)]))
    assert left.records == expected.records
    assert left.rejected == expected.rejected
    assert {name: column.tolist() for name, column in left.numbers.items()} == {
        name: column.tolist() for name, column in expected.numbers.items()
    }
    assert {name: column.to_pylist() for name, column in left.texts.items()} == {
        name: column.to_pylist() for name, column in expected.texts.items()
    }
