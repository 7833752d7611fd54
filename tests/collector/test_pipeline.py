"""What becomes of a beacon: every reason not to count it, and what is kept of one that counts."""

import base64
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector import pipeline
from collector.beacon import Beacon
from collector.pipeline import BEACON_STEPS, SITE_STEPS, decide
from collector.tables import Tables, make_tables
from schema.hit import Hit, RejectedHit, Rejection, encode_records
from schema.settings import CollectorSettings, Settings, SiteSettings
from support.hits import at

Make = Callable[..., Beacon]

KEY = bytes(range(32))
PAGEVIEW = {"n": "pageview", "d": "example.com", "u": "https://example.com/a"}
HEADLESS = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/141.0 Safari/537.36"

names_of_people = st.from_regex(r"[a-z]{6,12}\.[a-z0-9]{3,9}@[a-z]{3,9}\.[a-z]{2,3}", fullmatch=True)
tokens = st.integers(0, 2**64).flatmap(
    lambda seed: st.sampled_from(
        [
            random.Random(seed).randbytes(16).hex(),
            base64.urlsafe_b64encode(random.Random(seed).randbytes(42)).decode(),
        ]
    )
)
writings = st.sampled_from([str, quote, lambda text: "".join(f"%{byte:02X}" for byte in text.encode())])
places: list[Callable[[str], dict[str, Any]]] = [
    lambda secret: {"u": f"https://example.com/a/{secret}/b"},
    lambda secret: {"u": f"https://example.com/file-{secret}.html"},
    lambda secret: {"u": f"https://example.com/?email={secret}&gclid={secret}"},
    lambda secret: {"u": f"https://example.com/?utm_source={secret}&utm_content=x+{secret}"},
    lambda secret: {"u": f"https://example.com/?ref={secret}"},
    lambda secret: {"u": f"https://example.com/#/a/{secret}", "h": 1},
    lambda secret: {"u": f"https://{secret}@example.com/"},
    lambda secret: {"r": f"https://mail.example/inbox/{secret}?to={secret}#{secret}"},
    lambda secret: {"r": f"https://user:{secret}@mail.example/"},
    lambda secret: {"n": f"Mail {secret}"[:120]},
    lambda secret: {"n": "Mail", "p": {"who": secret}},
    lambda secret: {"n": "Mail", "p": {secret: "x"}},
    lambda secret: {"n": "Mail", "p": {"url": f"https://h.example/{secret}?a={secret}"}},
    lambda secret: {"n": "Mail", "$": {"currency": secret, "amount": secret}},
    lambda secret: {"z": secret, "w": secret, "k": secret, "v": secret, "title": secret},
]


def decided(beacon: Beacon, tables: Tables) -> Rejection | Hit:
    (record,) = decide(beacon, tables, KEY)
    return record.reason if isinstance(record, RejectedHit) else record


def test_a_beacon_that_counts(beacon_of: Make, tables: Tables) -> None:
    hit = decided(beacon_of({**PAGEVIEW, "r": "https://www.google.com/", "z": "Europe/Vienna", "w": 992}), tables)
    assert isinstance(hit, Hit)
    assert (hit.site, hit.at, hit.hostname, hit.path) == ("example.com", at("10:00"), "example.com", "/a")
    assert (hit.source, hit.channel, hit.referrer) == ("Google", "Organic Search", "google.com")
    assert (hit.country, hit.language, hit.screen) == ("AT", "de", "Laptop")
    assert (hit.device, hit.browser, hit.browser_version, hit.os) == ("Desktop", "Firefox", "143", "Linux")


@pytest.mark.parametrize(
    ("wire", "headers", "reason"),
    [
        ({"d": "other.example"}, {}, Rejection.UNKNOWN_SITE),
        ({"d": None, "u": "https://other.example/"}, {}, Rejection.UNKNOWN_SITE),
        ({}, {"sec-gpc": "1"}, Rejection.OPT_OUT),
        ({}, {"dnt": "1"}, Rejection.OPT_OUT),
        ({}, {"sec-purpose": "prefetch;prerender"}, Rejection.PREFETCH),
        ({"d": "shop.example"}, {}, Rejection.HOSTNAME),
        ({}, {"user-agent": HEADLESS}, Rejection.BOT),
        ({}, {"user-agent": ""}, Rejection.BOT),
        ({}, {"sec-fetch-mode": "navigate"}, Rejection.FORGED),
        ({"r": "https://www.semalt.com/"}, {}, Rejection.SPAM),
    ],
)
def test_a_beacon_that_does_not_count(
    beacon_of: Make, tables: Tables, wire: dict[str, Any], headers: dict[str, str], reason: Rejection
) -> None:
    assert decided(beacon_of({**PAGEVIEW, **wire}, headers), tables) is reason


@pytest.mark.parametrize(
    ("blocks", "wire", "reason"),
    [
        ({"blocked_addresses": ("198.51.100.0/24",)}, {}, Rejection.BLOCKED_ADDRESS),
        ({"blocked_paths": ("/intern/**",)}, {"u": "https://example.com/intern/a/b"}, Rejection.BLOCKED_PATH),
        ({"blocked_paths": ("/intern/**",)}, {"u": "https://example.com/x/../intern/%61"}, None),
        ({"blocked_referrers": ("pest.example",)}, {"r": "https://www.pest.example/a"}, Rejection.SPAM),
        ({"blocked_referrers": ("pest.example",)}, {"r": "https://tempest.example/"}, None),
        ({"blocked_countries": ("AT",)}, {"z": "Europe/Vienna"}, Rejection.BLOCKED_COUNTRY),
        ({"blocked_countries": ("AT",)}, {"z": "Europe/Berlin"}, None),
        ({"blocked_addresses": ("203.0.113.0/24",)}, {}, None),
    ],
)
def test_what_the_owner_blocks_does_not_count(
    beacon_of: Make, blocks: dict[str, Any], wire: dict[str, Any], reason: Rejection | None
) -> None:
    tables = make_tables(Settings(site=(SiteSettings("example.com", **blocks), SiteSettings("other.example"))))
    record = decided(beacon_of({**PAGEVIEW, **wire}), tables)
    assert record is reason if reason else isinstance(record, Hit)
    assert isinstance(decided(beacon_of({**PAGEVIEW, **wire, "d": "other.example"}), tables), Hit)


def test_a_visitor_above_the_rate_is_not_counted_until_the_bucket_fills_again(beacon_of: Make) -> None:
    tables = make_tables(Settings(collector=CollectorSettings(visitor_rate=3)))
    beacon = beacon_of(PAGEVIEW)
    assert [type(decided(beacon, tables)) for _ in range(4)] == [Hit, Hit, Hit, Rejection]
    assert isinstance(decided(beacon_of(PAGEVIEW, peer="203.0.113.9"), tables), Hit)
    assert decided(beacon, tables) is Rejection.RATE_LIMIT
    assert isinstance(decided(beacon_of(PAGEVIEW, at=at("10:00") + 20_000), tables), Hit)


def test_a_site_above_the_rate_is_not_counted_whoever_comes(beacon_of: Make) -> None:
    sites = (SiteSettings("example.com"), SiteSettings("other.example"))
    tables = make_tables(Settings(site=sites, collector=CollectorSettings(site_rate=6, workers=2)))
    beacons = [beacon_of(PAGEVIEW, peer=f"203.0.113.{host}") for host in range(4)]
    assert [type(decided(beacon, tables)) for beacon in beacons] == [Hit, Hit, Hit, Rejection]
    assert isinstance(decided(beacon_of({**PAGEVIEW, "d": "other.example"}), tables), Hit)


def test_what_does_not_count_takes_nothing_from_what_is_allowed(beacon_of: Make) -> None:
    tables = make_tables(Settings(collector=CollectorSettings(visitor_rate=1)))
    for _ in range(3):
        assert decided(beacon_of(PAGEVIEW, {"sec-gpc": "1"}), tables) is Rejection.OPT_OUT
    assert isinstance(decided(beacon_of(PAGEVIEW), tables), Hit)


def test_every_reason_is_found_by_a_step_or_elsewhere() -> None:
    """The steps' are in the tests above; the others are found when the beacon is parsed, and by the aggregator."""
    elsewhere = {Rejection.MALFORMED, Rejection.DUPLICATE, Rejection.NO_VISIT}
    steps = {
        Rejection.UNKNOWN_SITE,
        Rejection.OPT_OUT,
        Rejection.PREFETCH,
        Rejection.FORGED,
        Rejection.HOSTNAME,
        Rejection.BLOCKED_ADDRESS,
        Rejection.BOT,
        Rejection.BLOCKED_PATH,
        Rejection.SPAM,
        Rejection.BLOCKED_COUNTRY,
        Rejection.RATE_LIMIT,
    }
    assert steps | elsewhere == set(Rejection)


def test_of_an_opt_out_nothing_but_site_and_reason_is_kept(beacon_of: Make, tables: Tables) -> None:
    beacon = beacon_of({**PAGEVIEW, "n": "Signup", "r": "https://blog.example/"}, {"sec-gpc": "1"})
    assert decide(beacon, tables, KEY) == [RejectedHit("example.com", at("10:00"), Rejection.OPT_OUT)]


def test_an_opt_out_comes_before_every_other_look_at_the_sender(beacon_of: Make, tables: Tables) -> None:
    headers = {"sec-gpc": "1", "user-agent": HEADLESS, "purpose": "prefetch"}
    assert decided(beacon_of({**PAGEVIEW, "d": "shop.example"}, headers), tables) is Rejection.OPT_OUT


def test_the_site_of_an_unknown_domain_is_not_kept(beacon_of: Make, tables: Tables) -> None:
    (record,) = decide(beacon_of({**PAGEVIEW, "d": "alice.example,bob.example"}), tables, KEY)
    assert record == RejectedHit("", at("10:00"), Rejection.UNKNOWN_SITE)


@pytest.mark.parametrize("host", ["shop.example", "www.shop.example", "checkout.example"])
def test_pages_on_a_sites_own_hosts_count(beacon_of: Make, tables: Tables, host: str) -> None:
    assert isinstance(decided(beacon_of({**PAGEVIEW, "d": "shop.example", "u": f"https://{host}/"}), tables), Hit)


@pytest.mark.parametrize(
    "referrer", ["https://example.com/b", "https://www.example.com/", "https://blog.example.com/", "not an address"]
)
def test_the_site_itself_is_no_referrer(beacon_of: Make, tables: Tables, referrer: str) -> None:
    hit = decided(beacon_of({**PAGEVIEW, "r": referrer}), tables)
    assert isinstance(hit, Hit)
    assert (hit.source, hit.channel, hit.referrer) == ("Direct / None", "Direct", "")


def test_the_host_of_the_page_is_no_referrer_whatever_the_site_is_called(beacon_of: Make, tables: Tables) -> None:
    hit = decided(beacon_of({**PAGEVIEW, "u": "https://mirror.net/a", "r": "https://mirror.net/b"}), tables)
    assert isinstance(hit, Hit)
    assert hit.referrer == ""


def test_a_visitor_is_another_one_on_another_site(beacon_of: Make, tables: Tables) -> None:
    beacon = beacon_of({**PAGEVIEW, "d": "example.com,shop.example", "u": "https://shop.example/"})
    hits = decide(beacon, tables, KEY)
    assert all(isinstance(hit, Hit) for hit in hits)
    assert len({getattr(hit, "visitor", None) for hit in hits}) == 2


def test_two_properties_that_become_one_are_one(beacon_of: Make, tables: Tables) -> None:
    hit = decided(beacon_of({**PAGEVIEW, "n": "x", "p": {"a@b.example": "1", "c@d.example": "2"}}), tables)
    assert isinstance(hit, Hit)
    assert [key for key, _ in hit.props] == [":email"]


@given(names_of_people, writings, st.sampled_from(places))
def test_no_email_address_is_anywhere_in_the_hit(
    beacon_of: Make, tables: Tables, person: str, write: Callable[[str], str], place: Callable[[str], dict[str, Any]]
) -> None:
    record = decided(beacon_of({**PAGEVIEW, **place(write(person))}), tables)
    assert isinstance(record, Hit)
    encoded = encode_records([record])
    assert person.partition("@")[0].encode() not in encoded
    assert b"@" not in encoded.replace(b"\xcf" + record.visitor.to_bytes(8, "big"), b"")


@given(tokens, writings, st.sampled_from(places))
def test_no_token_is_anywhere_in_the_hit(
    beacon_of: Make, tables: Tables, token: str, write: Callable[[str], str], place: Callable[[str], dict[str, Any]]
) -> None:
    record = decided(beacon_of({**PAGEVIEW, **place(write(token))}), tables)
    assert isinstance(record, Hit)
    assert token.encode() not in encode_records([record])


def test_the_steps_are_named_for_what_they_do() -> None:
    assert all(step.__name__.startswith(("add_", "reject_")) for step in (*BEACON_STEPS, *SITE_STEPS))
    assert all(step.__doc__ for step in (*BEACON_STEPS, *SITE_STEPS))


def test_without_the_named_steps_a_beacon_would_count(beacon_of: Make, tables: Tables) -> None:
    """The safeguard of the table of rejections: its beacons differ from this one only in what is rejected."""
    assert isinstance(decided(beacon_of(PAGEVIEW), replace(tables)), Hit)


@pytest.mark.parametrize(
    ("domains", "referrers"),
    [("shop.example,example.com", ["example.com/a", ""]), ("example.com,shop.example", ["", "example.com/a"])],
)
def test_each_site_has_its_own_acquisition(beacon_of: Make, tables: Tables, domains: str, referrers: list[str]) -> None:
    wire = {**PAGEVIEW, "d": domains, "u": "https://shop.example/", "r": "https://example.com/a"}
    assert [getattr(hit, "referrer", None) for hit in decide(beacon_of(wire), tables, KEY)] == referrers


def test_a_site_that_is_named_twice_has_one_hit(beacon_of: Make, tables: Tables) -> None:
    assert len(decide(beacon_of({**PAGEVIEW, "d": "example.com,www.example.com,nobody.example"}), tables, KEY)) == 2


def test_what_does_not_depend_on_the_site_is_done_once(beacon_of: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    sites = tuple(SiteSettings(f"site-{number}.example") for number in range(30))
    asked: list[str] = []

    def scrub(text: str) -> str:
        asked.append(text)
        return text

    monkeypatch.setattr(pipeline, "scrub_text", scrub)
    names = ",".join(site.domain for site in sites)
    hits = decide(
        beacon_of({**PAGEVIEW, "n": "Mail", "d": names, "p": {"a": "b"}}), make_tables(Settings(site=sites)), KEY
    )
    assert len(hits) == 30
    assert asked == ["Mail", "a", "b"]


def test_past_so_many_paths_a_page_counts_as_another(beacon_of: Make) -> None:
    tables = make_tables(Settings(collector=CollectorSettings(most_values=2)))
    found = [decided(beacon_of({**PAGEVIEW, "u": f"https://example.com/{page}"}), tables) for page in "abcab"]
    assert [hit.path for hit in found if isinstance(hit, Hit)] == ["/a", "/b", "(other)", "/a", "/b"]


def test_what_does_not_count_takes_no_room_among_the_values(beacon_of: Make) -> None:
    tables = make_tables(Settings(collector=CollectorSettings(most_values=1, visitor_rate=1)))
    first = beacon_of({**PAGEVIEW, "u": "https://example.com/a"}, {"sec-gpc": "1"})
    assert decided(first, tables) is Rejection.OPT_OUT
    assert isinstance(hit := decided(beacon_of({**PAGEVIEW, "u": "https://example.com/b"}), tables), Hit)
    assert hit.path == "/b"
