from ipaddress import ip_address

import pytest

from collector.client_address import TrustedProxies
from collector.envelope import Envelope, joined_headers, read_envelope

TRUSTED = TrustedProxies(["127.0.0.1"])


def read(headers: dict[bytes, bytes]) -> Envelope:
    return read_envelope(headers, "127.0.0.1", at=5, trusted=TRUSTED, respect_dnt=True)


def test_it_has_what_the_headers_say() -> None:
    envelope = read(
        {
            b"user-agent": b"Browser/1",
            b"x-forwarded-for": b"198.51.100.7",
            b"accept-language": b"de-AT",
            b"dnt": b"1",
            b"purpose": b"prefetch",
        }
    )
    assert envelope == Envelope(
        at=5,
        address=ip_address("198.51.100.7").packed,
        user_agent=b"Browser/1",
        language="de",
        is_opt_out=True,
        is_fetched_ahead=True,
    )


def test_it_needs_no_header() -> None:
    assert read({}) == Envelope(
        at=5,
        address=ip_address("127.0.0.1").packed,
        user_agent=b"",
        language="",
        is_opt_out=False,
        is_fetched_ahead=False,
    )


def test_it_shows_nothing_of_itself() -> None:
    assert repr(read({b"user-agent": b"Browser/1"})) == "Envelope(…)"


@pytest.mark.parametrize(
    ("headers", "joined"),
    [
        ([(b"a", b"1"), (b"b", b"2")], {b"a": b"1", b"b": b"2"}),
        ([(b"a", b"1"), (b"b", b"2"), (b"a", b"3")], {b"a": b"1,3", b"b": b"2"}),
        ([], {}),
    ],
)
def test_a_header_that_is_sent_twice_is_one_list(
    headers: list[tuple[bytes, bytes]], joined: dict[bytes, bytes]
) -> None:
    assert joined_headers(headers) == joined
