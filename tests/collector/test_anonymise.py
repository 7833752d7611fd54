import ast
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import collector
from collector.anonymise import visitor_code
from collector.beacon import Beacon
from collector.draft import Draft
from collector.pipeline import decide
from collector.tables import Tables
from schema.hit import Hit, Kind, encode_records

KEY, OTHER_KEY = bytes(range(32)), bytes(32)
PAGEVIEW = {"n": "pageview", "d": "example.com", "u": "https://example.com/a"}
READERS = {"anonymise.py"}


def test_a_visitor_code_is_64_bits() -> None:
    codes = {visitor_code(KEY, "example.com", address.to_bytes(4, "big"), b"Browser/1") for address in range(1000)}
    assert len(codes) == 1000
    assert all(0 <= code < 2**64 for code in codes)
    assert max(codes) >= 2**63


def test_the_visitor_code_is_what_the_design_says() -> None:
    """Keyed BLAKE3 of the XXH3-128 of the length-prefixed fields, cut to 8 bytes; changed, it would count anew."""
    assert visitor_code(KEY, "example.com", b"\xc6\x33\x64\x07", b"Browser/1") == 11875179141671832566


@pytest.mark.parametrize(
    ("key", "site", "address", "user_agent"),
    [
        (OTHER_KEY, "example.com", b"\1\2\3\4", b"Browser/1"),
        (KEY, "other.example", b"\1\2\3\4", b"Browser/1"),
        (KEY, "example.com", b"\1\2\3\5", b"Browser/1"),
        (KEY, "example.com", b"\1\2\3\4", b"Browser/2"),
        (KEY, "example.co", b"m\1\2\3\4", b"Browser/1"),  # the same bytes in a row
        (KEY, "example.com", b"\1\2\3\4B", b"rowser/1"),
    ],
)
def test_another_day_site_address_or_browser_is_another_visitor(
    key: bytes, site: str, address: bytes, user_agent: bytes
) -> None:
    assert visitor_code(key, site, address, user_agent) != visitor_code(KEY, "example.com", b"\1\2\3\4", b"Browser/1")


@given(st.binary(min_size=32, max_size=32), st.text(), st.binary(max_size=16), st.binary())
def test_the_same_visitor_is_told_again_on_the_same_day(key: bytes, site: str, address: bytes, agent: bytes) -> None:
    assert visitor_code(key, site, address, agent) == visitor_code(bytearray(key), site, address, agent)


@given(
    st.lists(st.tuples(st.text(max_size=3), st.binary(max_size=3), st.binary(max_size=3)), min_size=2, unique=True),
    st.binary(min_size=32, max_size=32),
)
def test_different_visitors_have_different_codes(visitors: list[tuple[str, bytes, bytes]], key: bytes) -> None:
    assert len({visitor_code(key, *visitor) for visitor in visitors}) == len(visitors)


def test_a_hit_has_everything_that_was_found_out(beacon_of: Callable[..., Beacon], tables: Tables) -> None:
    wire = {
        "n": "Purchase",
        "d": "example.com",
        "u": "https://www.example.com/shop?utm_source=fb&utm_medium=cpc&utm_campaign=c&utm_term=t&utm_content=o",
        "r": "https://l.facebook.com/",
        "p": {"plan": "team"},
        "$": {"currency": "EUR", "amount": 5},
        "i": False,
        "k": "ff",
        "z": "Europe/Berlin",
        "w": 1440,
    }
    (hit,) = decide(beacon_of(wire), tables, KEY)
    assert isinstance(hit, Hit)
    assert (hit.hostname, hit.path, hit.kind, hit.name) == ("example.com", "/shop", Kind.EVENT, "Purchase")
    assert (hit.source, hit.channel, hit.referrer) == ("Facebook", "Paid Social", "l.facebook.com")
    assert [getattr(hit, f"utm_{name}") for name in ("source", "medium", "campaign", "term", "content")] == [
        *("fb", "cpc", "c", "t", "o")
    ]
    assert (hit.country, hit.device, hit.browser, hit.browser_version, hit.os) == (
        *("DE", "Desktop", "Firefox", "143", "Linux"),
    )
    assert (hit.language, hit.screen, hit.props) == ("de", "Desktop", (("plan", "team"),))
    assert (hit.currency, hit.revenue, hit.interactive, hit.event_id) == ("EUR", 500, False, 255)
    unset = {"region", "city", "engaged_ms", "scroll_depth", "os_version"}
    defaults = dict(zip(Hit.__struct_fields__[-len(Hit.__struct_defaults__) :], Hit.__struct_defaults__, strict=True))
    same = {name for name, default in defaults.items() if getattr(hit, name) == default}
    assert same == unset


def test_nothing_of_the_sender_is_in_the_hit(beacon_of: Callable[..., Beacon], tables: Tables) -> None:
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0 canary"
    beacon = beacon_of(PAGEVIEW, {"user-agent": agent}, peer="203.0.113.77")
    encoded = encode_records(decide(beacon, tables, KEY))
    for trace in (beacon.envelope.address, beacon.envelope.address[::-1], b"203.0.113.77", b"canary", b"Gecko"):
        assert trace not in encoded


def test_a_draft_shows_nothing_of_its_beacon(beacon_of: Callable[..., Beacon]) -> None:
    assert repr(Draft(beacon_of(PAGEVIEW))) == "Draft(…)"


def test_nobody_else_reads_an_address_or_a_user_agent() -> None:
    package = Path(next(iter(collector.__path__)))
    readers = set()
    for source in package.glob("*.py"):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in ("address", "user_agent"):
                readers.add(source.name)
    assert readers == READERS
