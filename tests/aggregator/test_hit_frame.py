from random import Random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.hit_frame import fields_of, frames_of, in_order
from aggregator.packed_hits import pack, unpack
from aggregator.vocabulary import Vocabulary
from schema.hit import Hit, RejectedHit, Rejection
from support.hits import pageview
from support.random_records import hits as random_hits


def rows(hits: list[Hit], shuffle: int | None = None) -> list[tuple[object, ...]]:
    """The hits, put in order, as tuples."""
    vocabulary = Vocabulary()
    if shuffle is not None:
        Random(shuffle).shuffle(hits)
    return fields_of(in_order(frames_of(unpack(pack(hits)), vocabulary)[0], vocabulary), vocabulary)


def test_a_frame_holds_every_field_of_a_hit() -> None:
    hit = pageview("10:00", visitor=2**64 - 1, event_id=2**63, props=(("plan", "team"),), revenue=-5, currency="EUR")
    assert rows([hit]) == [msgspec.structs.astuple(hit)]


def test_no_hits_are_a_frame_without_rows() -> None:
    assert rows([]) == []


@settings(deadline=None)
@given(st.lists(random_hits(), max_size=12), st.integers(0, 9))
def test_the_order_is_that_of_time_whatever_order_hits_arrived_in(hits: list[Hit], seed: int) -> None:
    expected = sorted(map(msgspec.structs.astuple, hits), key=lambda row: (row[1], row[2], row))
    assert rows(hits, seed) == expected


def test_rejected_hits_have_site_instant_and_reason() -> None:
    vocabulary = Vocabulary()
    _, frame = frames_of(unpack(pack([RejectedHit("", 5, Rejection.BOT)])), vocabulary)
    text = vocabulary.texts.text
    assert (text(frame["site"][0]), frame["at"][0], text(frame["reason"][0])) == ("", 5, "bot")
