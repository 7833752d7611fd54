"""Each kind of thing that may name a person, each way to write it, and what must not be mistaken for one."""

import base64
import json
import random
import time
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.placeholders import MAX_TEXT, scrub_path, scrub_text

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVPmB92K27uhbUJU1p1r"
UUID = "550e8400-e29b-41d4-a716-446655440000"
SHA1 = "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"

locals_of_addresses = st.from_regex(r"[a-z][a-z0-9._+-]{5,30}", fullmatch=True)
hosts = st.from_regex(r"[a-z0-9-]{1,12}(\.[a-z]{2,8}){1,2}", fullmatch=True)
emails = st.builds("{}@{}".format, locals_of_addresses, hosts)


def encode_all(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


writings = st.sampled_from(
    [
        str,
        quote,
        encode_all,
        lambda text: quote(quote(text, safe="")),
        lambda text: encode_all(encode_all(text)),
        lambda text: text.replace("@", "＠"),
        lambda text: text.replace("@", "\x00@"),
        str.upper,
    ]
)
seeds = st.integers(0, 2**64).map(random.Random)
tokens = st.one_of(
    seeds.map(lambda chance: chance.randbytes(chance.randint(8, 40)).hex()),
    seeds.map(lambda chance: base64.urlsafe_b64encode(chance.randbytes(40)).decode()),
    seeds.map(lambda chance: base64.b64encode(chance.randbytes(40)).decode().replace("/", "_")),
    st.uuids().map(str),
    st.dictionaries(st.text(max_size=5), st.text(max_size=9)).map(
        lambda claims: (
            "eyJhbGciOiJIUzI1NiJ9." + base64.urlsafe_b64encode(json.dumps(claims).encode()).decode() + ".c2ln"
        )
    ),
)


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/", "/"),
        ("/user/alice@example.com/edit", "/user/:email/edit"),
        ("/user/alice%40example.com", "/user/:email"),
        ("/user/alice%2540example.com", "/user/:email"),
        ("/user/alice%252540example.com", "/user/:email"),
        ("/user/%61lice＠example.com", "/user/:email"),
        ("/user/alice%00@example.com", "/user/:email"),
        ("/@alice", "/@alice"),  # a public name, as on social sites
        ("/@alice@social.example", "/@:email"),
        ("/npm/@scope/package", "/npm/@scope/package"),
        (f"/reset/{SHA1}", "/reset/:token"),
        (f"/login/{JWT}", "/login/:token"),
        (f"/order-{UUID}.pdf", "/order-:id.pdf"),
        (f"/order/{UUID.upper()}", "/order/:id"),
        ("/u/203.0.113.77/x", "/u/:ip/x"),
        ("/u/2001:db8:85a3:8d3:1319:8a2e:370:7348", "/u/:ip"),
        ("/u/%5B::1%5D", "/u/[:ip]"),
        ("/docs/v1.2.3", "/docs/v1.2.3"),
        ("/search&q=secret words&name=joe", "/search"),
        ("/salt&pepper", "/salt&pepper"),
        ("/order/123456", "/order/:id"),
        ("/invoice-2024123456.pdf", "/invoice-:id.pdf"),
        ("/order/12345", "/order/12345"),
        ("/2024/11/22/a-post", "/2024/11/22/a-post"),
        ("/caf%C3%A9/na%C3%AFve", "/café/naïve"),
        ("/off/50%25", "/off/50%"),
        ("/go%3Femail=x", "/go"),
        ("/a\x00b\u202ec", "/abc"),
        ("/" + "a/" * 400, ("/" + "a/" * 400)[:MAX_TEXT]),
    ],
)
def test_a_path_keeps_words_and_loses_names(path: str, kept: str) -> None:
    assert scrub_path(path) == kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Sign up", "Sign up"),
        ("to alice@example.com, today", "to :email today"),
        ("alice%40example.com", ":email"),
        ("50% off", "50% off"),
        ("50%20off", "50%20off"),
        (f"key {SHA1}", "key :token"),
        ("order 1234567", "order 1234567"),  # a number by itself may be a price
        ("https://bank.example/account/12345678?session=1#top", "https://bank.example/account/:id"),
        ("/reset/12345678?token=abc", "/reset/:id"),
        ("what? really", "what? really"),
    ],
)
def test_a_text_keeps_words_and_loses_names(text: str, kept: str) -> None:
    assert scrub_text(text) == kept


@pytest.mark.parametrize(
    "words",
    [
        "how-to-build-a-log-structured-merge-tree-in-2024",
        "top-10-html5-css3-es6-tricks-for-2024",
        "JavaScriptFrameworksComparison",
        "GettingStartedWithPython3",
        "HTMLParserErrorHandling",
        "How-To-Build-A-Log",
        "README_CONTRIBUTING_GUIDE",
        "internationalization",
        "newsletter_2024_q3_spring_sale",
        "section-2-part-3-chapter-4-verse-5",
        "a-b-c-d-e-f-g-h-i-j-k-l-m-n-o-p",
        "2024-01-15-my-post-about-e2e-tests",
    ],
)
def test_long_words_are_no_tokens(words: str) -> None:
    assert scrub_path(f"/{words}/") == f"/{words}/"


@given(emails, writings, st.sampled_from(["{}", "/a/{}/b", "x {} y", "mailto:{}?x", "https://h.example/{}", "who={}"]))
def test_no_email_address_comes_through(address: str, write: object, place: str) -> None:
    assert callable(write)
    for scrub in (scrub_text, scrub_path):
        kept = scrub(place.format(write(address))).lower()
        assert "@" not in kept
        assert address.partition("@")[0] not in kept
        assert "%40" not in kept


@given(tokens, st.sampled_from(["{}", "/a/{}/b", "x {} y", "https://h.example/{}", "file.{}.js"]), st.booleans())
def test_no_token_comes_through(token: str, place: str, is_encoded: bool) -> None:
    text = place.format(encode_all(token) if is_encoded else token)
    assert token not in scrub_path(text)
    assert token not in scrub_text(text)


@given(st.text())
def test_whatever_comes_is_a_text_again_and_scrubbing_it_twice_changes_nothing_more(text: str) -> None:
    for scrub in (scrub_text, scrub_path):
        once = scrub(text)
        assert once.isprintable() or not once.isascii()
        assert scrub(once) == once


@pytest.mark.parametrize(
    "piece",
    ["a", "@", "a@", "%25", "%2", "eyJ", "eyJaaaa.", "aB", "0", "AAAAAAAAAAAAAAA", "a-", "abcdef0", "%2%35",
     "aaaaaaaaaaaaaaa ", "550e8400-e29b-41d4-a716-44665544000-", "://", "?", "/"],
)  # fmt: skip
@pytest.mark.parametrize("end", ["", "/@"])
def test_no_text_takes_long(piece: str, end: str) -> None:
    """As long as the largest beacon by default; a text that takes time squared takes much longer."""
    text = piece * (16_000 // len(piece)) + end
    start = time.process_time()
    scrub_text(text)
    scrub_path(text)
    assert time.process_time() - start < 0.1


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("203.0.113.77", ":ip"),
        ("from 203.0.113.77 again", "from :ip again"),
        ("2001:db8::7", ":ip"),
        ("::ffff:203.0.113.77", ":ip"),
        ("open example.com/x?session=abc", "open example.com/x"),
        ("a/b?token=geheim", "a/b"),
        ("+491711234567", "+:id"),
        ("20261122", "20261122"),
        ("Is it free?", "Is it free?"),
        ("a=b", "a=b"),
        ("at 10:30", "at 10:30"),
        ("at 10:30:45", "at 10:30:45"),
        ("std::vector", "std::vector"),
        ("Firefox 143.0.1", "Firefox 143.0.1"),
    ],
)
def test_names_and_values_keep_no_address_query_or_long_number(text: str, kept: str) -> None:
    assert scrub_text(text) == kept


@given(
    st.ip_addresses().filter(lambda address: not address.is_unspecified),
    st.sampled_from(["{}", "/user/{}/x", "host {} is up", "[{}]"]),
)
def test_no_ip_address_gets_through(address: object, around: str) -> None:
    assert str(address) not in scrub_text(around.format(address))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Signup failed for 203.0.113.9.", "Signup failed for :ip."),
        ("blocked 203.0.113.9. Try later", "blocked :ip. Try later"),
        ("version 1.2.3.4.5", "version 1.2.3.4.5"),
        ("4111 1111 1111 1111", ":id"),
        ("call +49 170 1234567", "call +:id"),
        ("2026-11-22 10", "2026-11-22 10"),
        ("2026-11-22 10:15", "2026-11-22 10:15"),
        ("00:1a:2b:3c:4d:5e", ":id"),
        ("card 00-1A-2B-3C-4D-5E up", "card :id up"),
        ("10-20-30", "10-20-30"),
    ],
)
def test_addresses_and_numbers_as_people_write_them(text: str, kept: str) -> None:
    assert scrub_text(text) == kept
