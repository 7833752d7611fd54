from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.client_address import TrustedProxies, client_address
from collector.proxy_diagnosis import ENOUGH, MAX_PROXIES, Doubt, ProxyDiagnosis, doubt_of, start_advice
from schema.settings import CollectorSettings

PUBLIC, PRIVATE, PROXY = "198.51.100.7", "192.168.1.10", "10.0.0.1"
TRUSTED = TrustedProxies(("10.0.0.0/8",))
NOBODY = TrustedProxies(())


def packed(text: str) -> bytes:
    address = ip_address(text).packed
    return address if len(address) == 4 else address[:8]


def seen(*addresses: str, doubt: Doubt = Doubt.NONE, beacons: int = ENOUGH) -> ProxyDiagnosis:
    diagnosis = ProxyDiagnosis()
    for number in range(beacons):
        diagnosis.observe(packed(addresses[number % len(addresses)]), doubt)
    return diagnosis


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("127.0.0.1", "a loopback address"),
        ("::1", "a loopback address"),
        ("10.1.2.3", "a private IPv4 address"),
        ("172.16.0.1", "a private IPv4 address"),
        ("172.31.255.255", "a private IPv4 address"),
        (PRIVATE, "a private IPv4 address"),
        ("fd12:3456::1", "a private IPv6 address"),
        ("169.254.7.7", "a link-local address"),
        ("fe80::1", "a link-local address"),
        ("100.64.0.1", "a shared address (carrier-grade NAT)"),
    ],
)
def test_one_local_address_for_all_beacons_is_a_proxy_that_is_not_named(address: str, kind: str) -> None:
    assert seen(address, beacons=ENOUGH - 1).warning() == ""
    assert seen(address, beacons=120).warning() == (
        f"all 120 beacons so far came from {kind}: visitors cannot be told apart; "
        "if a proxy is in front, name your proxy in collector.trusted_proxies"
    )


@pytest.mark.parametrize("address", [PUBLIC, "172.32.0.1", "2001:db8::1", "100.128.0.1", "192.169.0.1"])
def test_a_visitor_from_the_internet_is_no_proxy(address: str) -> None:
    assert seen(address).is_settled
    assert seen(address).warning() == ""


def test_a_few_local_addresses_are_proxies_and_many_are_visitors_of_a_local_network() -> None:
    proxies = [f"10.0.0.{number}" for number in range(1, MAX_PROXIES + 1)]
    assert "came from 4 addresses like a private IPv4 address" in seen(*proxies).warning()
    assert seen(*proxies, "10.0.0.99").warning() == ""
    assert seen(*proxies, "10.0.0.99").is_settled


@pytest.mark.parametrize(
    ("peer", "headers", "trusted", "doubt"),
    [
        (PUBLIC, {}, TRUSTED, Doubt.NONE),
        (PUBLIC, {b"x-forwarded-for": b"192.0.2.1"}, NOBODY, Doubt.UNNAMED),
        (PUBLIC, {b"forwarded": b"for=192.0.2.1"}, TRUSTED, Doubt.UNNAMED),
        (PROXY, {}, TRUSTED, Doubt.SILENT),
        (PROXY, {b"x-forwarded-for": b"unknown"}, TRUSTED, Doubt.SILENT),
        (PROXY, {b"forwarded": b"for=192.0.2.1"}, TRUSTED, Doubt.SILENT),  # not the header that is believed
        (PROXY, {b"x-forwarded-for": b"192.0.2.1"}, TRUSTED, Doubt.NONE),
        (PROXY, {b"x-forwarded-for": b"192.0.2.1, 10.9.9.9"}, TRUSTED, Doubt.NONE),
        (PROXY, {b"x-forwarded-for": b"10.8.8.8"}, TRUSTED, Doubt.NONE),
        (PROXY, {b"x-forwarded-for": b"192.0.2.1, 203.0.113.5"}, TRUSTED, Doubt.UNNAMED),  # another proxy before ours
        (PROXY, {b"forwarded": b"for=192.0.2.1"}, TrustedProxies(("10.0.0.0/8",), "forwarded"), Doubt.NONE),
    ],
)
def test_what_is_odd_about_a_request(
    peer: str, headers: dict[bytes, bytes], trusted: TrustedProxies, doubt: Doubt
) -> None:
    assert doubt_of(peer, headers, trusted) is doubt


def test_a_proxy_that_is_not_named_is_noticed_by_its_header_whatever_its_address() -> None:
    edges = [f"203.0.113.{number}" for number in range(1, 40)]
    warning = seen(*edges, doubt=Doubt.UNNAMED).warning()
    assert warning.startswith(f"all {ENOUGH} beacons so far have a forwarding header")
    assert "collector.trusted_proxies" in warning


def test_a_trusted_proxy_that_says_nothing_is_noticed() -> None:
    warning = seen(PROXY, doubt=Doubt.SILENT).warning()
    assert "does not say for whom" in warning
    assert "collector.forwarded_header" in warning


@pytest.mark.parametrize("doubt", Doubt)
def test_one_beacon_as_it_should_be_settles_it(doubt: Doubt) -> None:
    diagnosis = seen(PRIVATE, doubt=doubt)
    assert diagnosis.warning()
    diagnosis.observe(packed(PUBLIC), Doubt.NONE)
    assert diagnosis.warning() == ""
    assert diagnosis.is_settled
    diagnosis.observe(packed(PRIVATE), doubt)
    assert diagnosis.is_settled


def test_a_local_address_is_still_doubtful_when_the_header_is_not() -> None:
    diagnosis = seen(PRIVATE, doubt=Doubt.UNNAMED)
    diagnosis.observe(packed(PRIVATE), Doubt.NONE)
    assert "came from a private IPv4 address" in diagnosis.warning()


@given(st.lists(st.tuples(st.ip_addresses(), st.sampled_from(Doubt)), min_size=ENOUGH, max_size=ENOUGH + 5))
def test_it_neither_says_nor_keeps_an_address(beacons: list[tuple[object, Doubt]]) -> None:
    diagnosis = ProxyDiagnosis()
    for address, doubt in beacons:
        diagnosis.observe(client_address(str(address), "", NOBODY), doubt)
        assert str(address) not in diagnosis.warning()
    assert not [value for value in vars(diagnosis).values() if isinstance(value, bytes)]


def test_what_it_keeps_of_a_local_address_stands_for_many() -> None:
    for number in range(20):
        (mark,) = seen(f"10.0.0.{number}")._marks
        assert mark < 2**16
    assert len({tuple(seen("10.0.0.1", beacons=1)._marks) for _ in range(5)}) > 1  # each worker's seed is its own


def test_nothing_of_the_internet_is_marked_and_nothing_stays_once_it_is_settled() -> None:
    for diagnosis in (seen(PUBLIC, doubt=Doubt.UNNAMED), seen(*(f"10.0.0.{number}" for number in range(20)))):
        assert diagnosis._marks == set()


@pytest.mark.parametrize(
    ("listen", "trusted", "is_advised"),
    [
        ("127.0.0.1:8001", (), True),
        ("localhost:8001", (), True),
        ("[::1]:8001", (), True),
        ("127.0.0.1:8001", ("127.0.0.1",), False),
        ("0.0.0.0:8001", (), False),
        ("stats.example:8001", (), False),
    ],
)
def test_whoever_listens_on_this_machine_only_is_told_to_name_the_proxy(
    listen: str, trusted: tuple[str, ...], is_advised: bool
) -> None:
    advice = start_advice(CollectorSettings(listen=listen, trusted_proxies=trusted))
    assert ("collector.trusted_proxies" in advice) is is_advised
