"""What the fields of a beacon are called, and what one without a name stands for."""

from collections.abc import Callable
from typing import Any

import pytest

from collector.beacon import Beacon
from collector.urls import Url
from schema.hit import Kind

SECRET = "a secret of someone"
Make = Callable[..., Beacon]
PAGEVIEW = {"n": "pageview", "d": "example.com", "u": "https://example.com/a"}
ENGAGEMENT = {**PAGEVIEW, "n": "engagement"}
EVENT = {**PAGEVIEW, "n": "Purchase"}


def test_short_names(beacon_of: Make) -> None:
    beacon = beacon_of(
        {
            "n": "Purchase",
            "d": "www.Example.com",
            "u": "https://www.example.com/a?b=c#d",
            "r": "https://blog.example/x",
            "p": {"plan": "team"},
            "$": {"currency": "EUR", "amount": 19.99},
            "i": False,
            "h": 1,
            "k": "00000000deadbeef",
            "z": "Europe/Berlin",
            "w": 992,
            "v": 24,
        }
    )
    assert (beacon.kind, beacon.name, beacon.domains) == (Kind.EVENT, "Purchase", ("example.com",))
    assert (beacon.url, beacon.referrer) == (Url("example.com", "/a", "b=c", "d"), Url("blog.example", "/x", "", ""))
    assert (beacon.props, beacon.currency, beacon.revenue) == ((("plan", "team"),), "EUR", 1999)
    assert (beacon.is_interactive, beacon.has_hash_mode, beacon.event_id) == (False, True, 0xDEADBEEF)
    assert (beacon.zone, beacon.width) == ("Europe/Berlin", 992)


def test_long_names_mean_the_same(beacon_of: Make) -> None:
    long = {
        "name": "Purchase",
        "domain": "example.com",
        "url": "https://example.com/a",
        "referrer": "https://blog.example/",
        "props": {"plan": "team"},
        "revenue": {"currency": "EUR", "amount": "1"},
        "interactive": False,
        "hashMode": 1,
    }
    short = dict(zip(["n", "d", "u", "r", "p", "$", "i", "h"], long.values(), strict=True))
    assert beacon_of(long) == beacon_of(short)


@pytest.mark.parametrize(
    ("name", "kind"), [("pageview", Kind.PAGEVIEW), ("engagement", Kind.ENGAGEMENT), ("Pageview", Kind.EVENT)]
)
def test_the_name_tells_the_kind(beacon_of: Make, name: str, kind: Kind) -> None:
    assert beacon_of({**PAGEVIEW, "n": name, "e": 1}).kind is kind


NAMELESS = {"u": "https://example.com/a", "d": "example.com", "r": ""}


@pytest.mark.parametrize(
    ("short", "meaning"),
    [
        ({}, {"n": "pageview"}),
        ({"e": 5000, "sd": 40}, {"n": "engagement", "e": 5000, "sd": 40}),
        ({"o": "https://other.test/"}, {"n": "Outbound Link: Click", "p": {"url": "https://other.test/"}}),
        ({"f": "https://example.com/a.pdf"}, {"n": "File Download", "p": {"url": "https://example.com/a.pdf"}}),
        ({"s": "newsletter"}, {"n": "Form: Submission", "p": {"form": "newsletter"}}),
        ({"s": ""}, {"n": "Form: Submission"}),
        ({"n": "Signup", "o": "https://other.test/", "s": "x"}, {"n": "Signup"}),
    ],
)
def test_the_snippet_may_leave_the_name_out(beacon_of: Make, short: dict[str, Any], meaning: dict[str, Any]) -> None:
    assert beacon_of({**NAMELESS, **short}) == beacon_of({**NAMELESS, **meaning})
