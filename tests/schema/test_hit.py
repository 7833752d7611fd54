import msgspec
import pytest

from collector.beacon import Beacon
from collector.envelope import Envelope
from schema.hit import Hit, RejectedHit, Rejection, decode_records, encode_records
from support.hits import event, pageview

FORBIDDEN = ("address", "ip", "agent", "cookie", "header")


def test_records_survive_the_round_trip() -> None:
    records = [
        pageview("10:00", props=(("plan", "team"),)),
        event("10:01", "signup", currency="EUR", revenue=1999),
        RejectedHit("example.com", 5, Rejection.BOT),
    ]
    assert decode_records(encode_records(records)) == records


@pytest.mark.parametrize("payload", [b"", b"\x90\x90", b"\x91\x01", b"not msgpack"])
def test_a_payload_of_another_kind_is_refused(payload: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_records(payload)


@pytest.mark.parametrize("struct", [Hit, RejectedHit])
def test_a_record_has_no_field_for_what_must_not_be_kept(struct: type[msgspec.Struct]) -> None:
    assert not [name for name in struct.__struct_fields__ for word in FORBIDDEN if word in name.split("_")]


def test_what_identifies_a_person_is_a_different_type_that_hides_it() -> None:
    assert {"address", "user_agent"} <= set(Envelope.__struct_fields__)
    assert "envelope" in Beacon.__struct_fields__
    assert not issubclass(Beacon, Hit)
