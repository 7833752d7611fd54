"""Hypothesis strategies for the records of one UTC day: few visitors, many coincidences."""

from __future__ import annotations

from hypothesis import strategies as st

from schema.batch import DAY_MS
from schema.hit import NO_SCROLL_DEPTH, Hit, Kind, Record, RejectedHit, Rejection
from support.hits import at

START = at("00:00")
ZONES = {"a.example": "Europe/Berlin", "b.example": "Asia/Kathmandu", "c.example": "America/St_Johns"}

# Minutes on a coarse grid, so that gaps of exactly 30 minutes, equal instants and window edges are common.
_MINUTES = st.integers(0, 24 * 4 - 1).map(lambda quarter: quarter * 15 * 60_000)
_INSTANTS = st.one_of(
    st.builds(lambda minute, more: START + minute + more, _MINUTES, st.sampled_from([0, 1, 299_999])),
    st.integers(START, START + DAY_MS - 1),
    st.integers(at("11:00"), at("12:30")),
)
_SITES = st.sampled_from([*ZONES, "d.example"])
_PAGES = st.sampled_from(["/", "/a", "/b"])
_WORDS = st.sampled_from(["", "x", "y"])


@st.composite
def hits(draw: st.DrawFn) -> Hit:
    """A hit of any kind."""
    return Hit(
        site=draw(_SITES),
        at=draw(_INSTANTS),
        visitor=draw(st.sampled_from([1, 2, 2**64 - 1])),
        kind=draw(st.sampled_from(Kind)),
        hostname=draw(st.sampled_from(["a.example", "www.a.example"])),
        path=draw(_PAGES),
        event_id=draw(st.sampled_from([0, 0, 0, 7, 2**64 - 1])),
        name=draw(st.sampled_from(["signup", "buy"])),
        source=draw(_WORDS),
        country=draw(_WORDS),
        region=draw(_WORDS),
        city=draw(_WORDS),
        browser=draw(_WORDS),
        browser_version=draw(_WORDS),
        screen=draw(_WORDS),
        props=draw(st.sampled_from([(), (), (("plan", "x"),), (("plan", "y"), ("size", "x"))])),
        currency=draw(st.sampled_from(["", "EUR"])),
        revenue=draw(st.sampled_from([0, 1999, -1999])),
        interactive=draw(st.booleans()),
        engaged_ms=draw(st.sampled_from([0, 1500, 60_000])),
        scroll_depth=draw(st.sampled_from([NO_SCROLL_DEPTH, 0, 40, 100])),
    )


rejected_hits = st.builds(
    RejectedHit, _SITES | st.just(""), _INSTANTS, st.sampled_from([Rejection.BOT, Rejection.HOSTNAME])
)

records: st.SearchStrategy[list[Record]] = st.lists(st.one_of(hits(), hits(), hits(), rejected_hits), max_size=25)
