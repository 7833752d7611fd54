import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.beacon import MAX_DOMAINS, Beacon
from schema.errors import BeaconError
from schema.hit import NO_SCROLL_DEPTH

SECRET = "a secret of someone"
Make = Callable[..., Beacon]

NAMELESS = {"u": "https://example.com/a", "d": "example.com", "r": ""}
PAGEVIEW = {"n": "pageview", "d": "example.com", "u": "https://example.com/a"}
ENGAGEMENT = {**PAGEVIEW, "n": "engagement"}
EVENT = {**PAGEVIEW, "n": "Purchase"}

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
keys = st.sampled_from([*"nudrmpihekzwofs$", "sd", "name", "url", "props", "meta", "revenue", "interactive"])


def refused_field(beacon_of: Make, wire: dict[str, Any] | bytes) -> str:
    with pytest.raises(BeaconError) as caught:
        beacon_of(wire)
    return caught.value.field


@pytest.mark.parametrize(
    ("wire", "field"),
    [
        ({"u": "https://example.com/"}, "name"),
        ({**NAMELESS, "n": ""}, "name"),
        ({**PAGEVIEW, "n": ""}, "name"),
        ({**PAGEVIEW, "n": " "}, "name"),
        ({**PAGEVIEW, "n": True}, "name"),
        ({**PAGEVIEW, "n": ["pageview"]}, "name"),
        ({**PAGEVIEW, "n": "x" * 121}, "name"),
        ({"n": "pageview"}, "url"),
        ({**PAGEVIEW, "u": 5}, "url"),
        ({**PAGEVIEW, "u": "alice@example.com"}, "url"),
        ({**PAGEVIEW, "u": "data:text/html,x"}, "url"),
        ({**PAGEVIEW, "u": "https://example.com/" + "ä" * 991}, "url"),
        ({**PAGEVIEW, "d": ",".join(f"{n}.example" for n in range(MAX_DOMAINS + 1))}, "domain"),
        ({**PAGEVIEW, "p": [1]}, "props"),
        ({**PAGEVIEW, "p": "no json"}, "props"),
        ({**PAGEVIEW, "p": "[1]"}, "props"),
        ({**PAGEVIEW, "p": {"ä" * 151: "x"}}, "props"),
        ({**PAGEVIEW, "p": {"x": "ä" * 1001}}, "props"),
        (ENGAGEMENT, "engagement"),
        ({**ENGAGEMENT, "sd": "deep", "e": -1}, "engagement"),
        ({**ENGAGEMENT, "e": 30 * 86_400_000}, "engagement"),
        ({**ENGAGEMENT, "sd": -1}, "engagement"),
        (b"", "body"),
        (b"null", "body"),
        (b"[]", "body"),
        (b'"text"', "body"),
        (b"{", "body"),
        (b'{"n": "\xff"}', "body"),
        (b'{"n": "\\ud800"}', "body"),
        (b'{"x": ' + b"[" * 8000, "body"),
        (b'{"w": 1e999}', "body"),
    ],
)
def test_what_cannot_be_done_without_is_an_error_of_its_field(
    beacon_of: Make, wire: dict[str, Any] | bytes, field: str
) -> None:
    assert refused_field(beacon_of, wire) == field


@pytest.mark.parametrize(
    "wire",
    [
        {**PAGEVIEW, "n": "x" * 120},
        {**PAGEVIEW, "n": 404},
        {**PAGEVIEW, "u": "https://example.com/" + "ä" * 990},
        {**PAGEVIEW, "p": {"ä" * 150: "ä" * 1000}},
        {**PAGEVIEW, "d": ",".join(f"{n}.example" for n in range(MAX_DOMAINS))},
    ],
)
def test_what_is_just_within_its_limit_is_taken(beacon_of: Make, wire: dict[str, Any]) -> None:
    assert beacon_of(wire)


@pytest.mark.parametrize(
    ("domain", "domains"),
    [
        ("example.com", ("example.com",)),
        (" WWW.Example.com ", ("example.com",)),
        ("a.example,b.example, a.example,", ("a.example", "b.example")),
        (None, ("page.example",)),
        ("", ("page.example",)),
        (5, ("page.example",)),
    ],
)
def test_a_beacon_is_for_the_sites_it_names_or_else_that_of_its_page(
    beacon_of: Make, domain: object, domains: tuple[str, ...]
) -> None:
    assert beacon_of({"n": "pageview", "u": "https://www.page.example/", "d": domain}).domains == domains


@pytest.mark.parametrize(
    ("given_props", "props"),
    [
        ({"a": "x", "b": 5, "c": 1.5}, [("a", "x"), ("b", "5"), ("c", "1.5")]),
        ({"a": True, "b": False}, [("a", "true"), ("b", "false")]),
        ({"a": None, "b": [1], "c": {"d": 1}, "e": "", "f": " ", "": "x", "g": 0}, [("g", "0")]),
        ('{"a": "x"}', [("a", "x")]),
        ({f"k{n}": [] if n % 2 else "x" for n in range(80)}, [(f"k{n}", "x") for n in range(0, 60, 2)]),
        ({}, []),
        (None, []),
    ],
)
def test_properties_are_the_first_thirty_single_values(
    beacon_of: Make, given_props: object, props: list[tuple[str, str]]
) -> None:
    assert beacon_of({**PAGEVIEW, "p": given_props}).props == tuple(props)


def test_of_several_names_for_properties_the_first_given_counts(beacon_of: Make) -> None:
    names = ["m", "meta", "p", "props"]
    for start, name in enumerate(names):
        wire = {**PAGEVIEW, **{other: {"from": other} for other in names[start:]}}
        assert beacon_of(wire).props == (("from", name),)


@pytest.mark.parametrize(
    ("wire", "is_interactive"),
    [({}, True), ({"i": True}, True), ({"i": False}, False), ({"interactive": False}, False),
     ({"i": None, "interactive": False}, False), ({"i": False, "interactive": True}, False), ({"i": 0}, True)],
)  # fmt: skip
def test_only_false_is_not_interactive(beacon_of: Make, wire: dict[str, Any], is_interactive: bool) -> None:
    assert beacon_of({**EVENT, **wire}).is_interactive is is_interactive


@pytest.mark.parametrize(
    ("revenue", "kept"),
    [
        ({"currency": "EUR", "amount": 19.99}, ("EUR", 1999)),
        ({"currency": "usd", "amount": "5"}, ("USD", 500)),
        ('{"currency": "JPY", "amount": 300}', ("JPY", 300)),
        ({"currency": "EUR", "amount": True}, ("", 0)),
        ({"currency": "EUR", "amount": "much"}, ("", 0)),
        ({"currency": "XXX", "amount": 1}, ("", 0)),
        ({"currency": 5, "amount": 1}, ("", 0)),
        ({"amount": 1}, ("", 0)),
        ([1], ("", 0)),
        (5, ("", 0)),
    ],
)
def test_revenue_is_kept_if_it_is_valid(beacon_of: Make, revenue: object, kept: tuple[str, int]) -> None:
    beacon = beacon_of({**EVENT, "$": revenue})
    assert (beacon.currency, beacon.revenue) == kept


def test_only_an_event_has_revenue(beacon_of: Make) -> None:
    assert beacon_of({**PAGEVIEW, "$": {"currency": "EUR", "amount": 1}}).revenue == 0


@pytest.mark.parametrize(
    ("wire", "engaged_ms", "scroll_depth"),
    [
        ({"e": 5000, "sd": 40}, 5000, 40),
        ({"e": 0}, 0, NO_SCROLL_DEPTH),
        ({"sd": "75"}, 0, 75),
        ({"sd": 101}, 0, 100),
        ({"sd": 0}, 0, 0),
        ({"e": -5, "sd": 3}, 0, 3),
        ({"e": 7.9, "sd": -3}, 7, NO_SCROLL_DEPTH),
        ({"e": 30 * 86_400_000 - 1}, 30 * 86_400_000 - 1, NO_SCROLL_DEPTH),
    ],
)
def test_engagement_is_time_and_depth_or_one_of_them(
    beacon_of: Make, wire: dict[str, Any], engaged_ms: int, scroll_depth: int
) -> None:
    beacon = beacon_of({**ENGAGEMENT, **wire})
    assert (beacon.engaged_ms, beacon.scroll_depth) == (engaged_ms, scroll_depth)


def test_only_an_engagement_has_time_and_depth(beacon_of: Make) -> None:
    beacon = beacon_of({**PAGEVIEW, "e": 5, "sd": 5})
    assert (beacon.engaged_ms, beacon.scroll_depth) == (0, NO_SCROLL_DEPTH)


@pytest.mark.parametrize(
    ("digits", "event_id"),
    [
        (0.5, 2**52),
        (2**-53, 1),
        (1.0, 0),
        (-0.5, 0),
        ("1", 1),
        ("FFFFFFFFFFFFFFFF", 2**64 - 1),
        ("10000000000000000", 0),
        ("", 0),
        ("xyz", 0),
        ("-1", 0),
        ("1_0", 0),
        (5, 0),
    ],
)
def test_an_event_id_is_hexadecimal_digits_or_a_fraction(beacon_of: Make, digits: object, event_id: int) -> None:
    assert beacon_of({**PAGEVIEW, "k": digits}).event_id == event_id


@pytest.mark.parametrize("width", [None, "wide", True, [], -1e300])
def test_a_malformed_width_is_none(beacon_of: Make, width: object) -> None:
    assert beacon_of({**PAGEVIEW, "w": width}).width <= 0


def test_a_beacon_shows_nothing_of_itself(beacon_of: Make) -> None:
    assert repr(beacon_of(PAGEVIEW)) == "Beacon(…)"


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_a_beacon_or_an_error(beacon_of: Make, body: bytes) -> None:
    with pytest.raises(BeaconError):
        beacon_of(body)


@given(st.dictionaries(keys, values), st.sampled_from([{}, PAGEVIEW, ENGAGEMENT, EVENT]))
def test_arbitrary_values_are_a_beacon_or_an_error(beacon_of: Make, wire: dict[str, Any], base: dict[str, Any]) -> None:
    with contextlib.suppress(BeaconError):
        beacon = beacon_of(json.dumps({**base, **wire}).encode())
        assert isinstance(beacon, Beacon)
        assert 0 <= beacon.event_id < 2**64
        assert beacon.domains


@pytest.mark.parametrize("wire", [{"n": [SECRET]}, {**PAGEVIEW, "u": SECRET}, {**PAGEVIEW, "p": SECRET}, {SECRET: 1}])
def test_an_error_says_nothing_of_what_was_sent(beacon_of: Make, wire: dict[str, Any]) -> None:
    with pytest.raises(BeaconError) as caught:
        beacon_of(wire)
    assert SECRET not in str(caught.value)
