import tomllib
from importlib.resources import files

import msgspec
import pytest

from collector.sources import Arrival, Catalogue, Source, Sources

CATALOGUE = tomllib.loads((files("collector") / "sources.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("google.com", "Google"),
        ("google.de", "Google"),
        ("google.co.uk", "Google"),
        ("images.google.com.br", "Google"),
        ("news.google.com", "Google News"),
        ("mail.google.com", "Gmail"),
        ("gemini.google.com", "Gemini"),
        ("l.facebook.com", "Facebook"),
        ("t.co", "X"),
        ("old.reddit.com", "Reddit"),
        ("news.ycombinator.com", "Hacker News"),
        ("de.wikipedia.org", "Wikipedia"),
        ("com.google.android.gm", "Gmail"),
        ("docs.google.com", "Google Workspace"),
        ("maps.google.de", "Google Maps"),
        ("mail.yahoo.co.jp", "Yahoo! Mail"),
        ("old.lemmy.world", "Lemmy"),
    ],
)
def test_a_known_host_has_a_name(sources: Sources, host: str, name: str) -> None:
    source = sources.at_host(host)
    assert source is not None
    assert source.name == name


@pytest.mark.parametrize(
    "host", ["", "com", "blog.example", "linux.com", "google.evil.com", "evilgoogle.com", "google", "notx.com"]
)
def test_a_host_that_only_looks_like_one_has_none(sources: Sources, host: str) -> None:
    assert sources.at_host(host) is None


@pytest.mark.parametrize(
    ("word", "name"),
    [("google", "Google"), ("FB", "Facebook"), (" ig ", "Instagram"), ("producthunt.com", "Product Hunt"),
     ("My Newsletter", "My Newsletter")],
)  # fmt: skip
def test_what_a_link_calls_its_source_is_known_by_alias_or_host_or_kept(sources: Sources, word: str, name: str) -> None:
    assert sources.named(word).name == name


def test_click_ids_are_seen_by_name(sources: Sources) -> None:
    assert sources.click_ids({"gclid", "fbclid", "id"}) == {"gclid", "fbclid"}
    google = sources.of_click_id(frozenset({"gclid", "fbclid"}))
    assert google is not None
    assert google.name == "Google"
    assert sources.of_click_id(frozenset()) is None


@pytest.mark.parametrize(
    ("arrival", "channel"),
    [
        (Arrival(None), "Direct"),
        (Arrival(Source("blog.example")), "Referral"),
        (Arrival(Source("Google", "search")), "Organic Search"),
        (Arrival(Source("Google", "search"), click_ids=frozenset({"gclid"})), "Paid Search"),
        (Arrival(Source("Google", "search"), utm_medium="cpc"), "Paid Search"),
        (Arrival(Source("Google", "search"), utm_source="adwords"), "Paid Search"),
        (Arrival(Source("Facebook", "social"), click_ids=frozenset({"fbclid"})), "Organic Social"),
        (Arrival(Source("Facebook", "social"), utm_medium="paid_social"), "Paid Social"),
        (Arrival(Source("Facebook", "social"), utm_source="facebook-ads"), "Paid Social"),
        (Arrival(Source("YouTube", "video"), utm_medium="cpv"), "Paid Video"),
        (Arrival(Source("YouTube", "video")), "Organic Video"),
        (Arrival(Source("Etsy", "shopping")), "Organic Shopping"),
        (Arrival(Source("Etsy", "shopping"), utm_medium="ppc"), "Paid Shopping"),
        (Arrival(Source("x"), utm_medium="ppc", utm_campaign="spring shopping"), "Paid Shopping"),
        (Arrival(Source("x"), utm_campaign="spring-shop-sale"), "Organic Shopping"),
        (Arrival(Source("x"), utm_campaign="workshop"), "Referral"),
        (Arrival(Source("x"), utm_medium="banner"), "Display"),
        (Arrival(Source("x"), utm_medium="cpm"), "Display"),
        (Arrival(Source("x"), utm_medium="retargeting"), "Paid Other"),
        (Arrival(Source("x"), utm_campaign="cross-network 3"), "Cross-network"),
        (Arrival(Source("ChatGPT", "assistant")), "AI Assistants"),
        (Arrival(Source("Gmail", "email")), "Email"),
        (Arrival(None, utm_medium="e-mail"), "Email"),
        (Arrival(Source("newsletter"), utm_source="newsletter"), "Email"),
        (Arrival(Source("x"), utm_medium="social"), "Organic Social"),
        (Arrival(Source("x"), utm_medium="organic"), "Organic Search"),
        (Arrival(Source("x"), utm_medium="video-ad"), "Organic Video"),
        (Arrival(Source("x"), utm_medium="affiliate"), "Affiliates"),
        (Arrival(Source("x"), utm_medium="podcast"), "Audio"),
        (Arrival(Source("x"), utm_medium="sms"), "SMS"),
        (Arrival(Source("sms"), utm_source="sms"), "SMS"),
        (Arrival(Source("x"), utm_medium="web-push"), "Mobile Push Notifications"),
    ],
)
def test_the_first_channel_whose_conditions_hold(sources: Sources, arrival: Arrival, channel: str) -> None:
    assert sources.channel_of(arrival) == channel


def test_no_host_and_no_alias_belongs_to_two_sources() -> None:
    for key in ("hosts", "aliases"):
        words = [word for source in CATALOGUE["source"] for word in source.get(key, [])]
        assert len(words) == len(set(words))
        assert all(word == word.strip().lower() for word in words)


def test_every_channel_there_is_a_name_for_can_be_reached(sources: Sources) -> None:
    words = CATALOGUE["words"]
    kinds = {source["kind"] for source in CATALOGUE["source"]}
    arrivals = [Arrival(None)] + [
        Arrival(Source("x", kind), "x", medium, campaign)
        for kind in kinds
        for medium in words["mediums"]
        for campaign in ("", "a cross-network b", "shopping")
    ]
    assert {sources.channel_of(arrival) for arrival in arrivals} == {it["name"] for it in CATALOGUE["channel"]}


def test_a_usual_word_is_decided_as_any_other(sources: Sources) -> None:
    bare = Sources(msgspec.convert({**CATALOGUE, "words": {"sources": [], "mediums": []}}, Catalogue))
    for medium in CATALOGUE["words"]["mediums"]:
        for word in (*CATALOGUE["words"]["sources"], "google", "fb", "unheard"):
            arrival = Arrival(Source(word), word, medium)
            assert sources.channel_of(arrival) == bare.channel_of(arrival)


def test_every_click_id_and_every_kind_is_one_that_exists() -> None:
    assert set(CATALOGUE["click_ids"].values()) <= {source["name"] for source in CATALOGUE["source"]}
    assert set(CATALOGUE["paid"]["click_ids"]) <= CATALOGUE["click_ids"].keys()
    kinds = {source["kind"] for source in CATALOGUE["source"]}
    assert {channel["kind"] for channel in CATALOGUE["channel"] if "kind" in channel} <= kinds


def test_every_arrival_has_a_channel() -> None:
    assert CATALOGUE["channel"][-1] == {"name": "Direct"}
