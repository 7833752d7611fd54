from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.client_address import TrustedProxies, client_address, parse_address

NOBODY = TrustedProxies(())
PROXIES = TrustedProxies(("10.0.0.0/8", "fd00::/8", "127.0.0.1"))
PROXY, INNER_PROXY = "10.1.2.3", "10.9.9.9"
CLIENT, LIAR = "198.51.100.7", "203.0.113.9"


def packed(text: str) -> bytes:
    address = ip_address(text).packed
    return address if len(address) == 4 else address[:8]


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "trusted", "expected"),
    [
        (CLIENT, "", PROXIES, CLIENT),
        (CLIENT, LIAR, PROXIES, CLIENT),  # not a proxy of ours: what it says about itself is not believed
        (CLIENT, LIAR, NOBODY, CLIENT),
        (PROXY, LIAR, NOBODY, PROXY),
        (PROXY, CLIENT, PROXIES, CLIENT),
        (PROXY, f"{LIAR}, {CLIENT}", PROXIES, CLIENT),
        (PROXY, f"{LIAR}, {CLIENT}, {INNER_PROXY}", PROXIES, CLIENT),
        (PROXY, f"{LIAR},{INNER_PROXY} , {CLIENT}", PROXIES, CLIENT),
        (PROXY, f"{INNER_PROXY}, {PROXY}", PROXIES, INNER_PROXY),
        (PROXY, "", PROXIES, PROXY),
        (PROXY, "unknown", PROXIES, PROXY),
        (PROXY, f"{LIAR}, unknown", PROXIES, PROXY),
        (PROXY, f"{CLIENT}:4711", PROXIES, CLIENT),
        (PROXY, "[2001:db8:1:2::5]:443", PROXIES, "2001:db8:1:2::"),
        (PROXY, '"[2001:db8:1:2::5]"', PROXIES, "2001:db8:1:2::"),
        ("fd00::1", "2001:db8:1:2::5", PROXIES, "2001:db8:1:2::"),
        ("::ffff:10.1.2.3", f"::ffff:{CLIENT}", PROXIES, CLIENT),
        ("fe80::1%eth0", "", PROXIES, "fe80::"),
    ],
)
def test_the_right_most_address_that_is_no_trusted_proxy_is_the_clients(
    peer: str, forwarded_for: str, trusted: TrustedProxies, expected: str
) -> None:
    assert client_address(peer, forwarded_for, trusted) == packed(expected)


def test_a_household_with_ipv6_is_one_address() -> None:
    assert client_address("2001:db8:1:2::5", "", NOBODY) == client_address("2001:db8:1:2:ffff::9", "", NOBODY)
    assert client_address("2001:db8:1:2::5", "", NOBODY) != client_address("2001:db8:1:3::5", "", NOBODY)


@pytest.mark.parametrize(
    "text", ["", "unknown", "_hidden", "1.2.3", "1.2.3.4.5", "256.1.1.1", "::g", "1.2.3.4\0", "[]:5"]
)
def test_what_is_no_address_is_none(text: str) -> None:
    assert parse_address(text) == b""


@given(st.ip_addresses(), st.lists(st.text(max_size=20), max_size=5))
def test_a_client_that_talks_to_us_directly_cannot_choose_its_address(peer: object, forged: list[str]) -> None:
    expected = client_address(str(peer), "", NOBODY)
    assert client_address(str(peer), ",".join(forged), NOBODY) == expected


@given(st.text(max_size=60))
def test_no_header_breaks_it(header: str) -> None:
    assert len(client_address(PROXY, header, PROXIES)) in (4, 8)
