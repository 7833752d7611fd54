import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.urls import Url, parse_url, query_names, query_values, scrub_host, scrub_page


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://example.com", Url("example.com", "/", "", "")),
        ("HTTPS://WWW.Example.COM:8443/A?b=c#d", Url("example.com", "/A", "b=c", "d")),
        ("http://user:secret@example.com/x", Url("example.com", "/x", "", "")),
        ("http://alice@example.com@evil.example/", Url("evil.example", "/", "", "")),
        ("https://example.com.", Url("example.com", "/", "", "")),
        ("https://bücher.example/", Url("bücher.example", "/", "", "")),
        ("http://[::1]:3000/x", Url("[::1]", "/x", "", "")),
        ("http://localhost:8002/app", Url("localhost", "/app", "", "")),
        ("android-app://com.google.android.gm/", Url("com.google.android.gm", "/", "", "")),
        ("https://example.com?x=1", Url("example.com", "/", "x=1", "")),
        ("https://example.com/a#b?c#d", Url("example.com", "/a", "", "b?c#d")),
    ],
)
def test_an_address_is_taken_apart(text: str, url: Url) -> None:
    assert parse_url(text) == url


@pytest.mark.parametrize(
    "text",
    ["", "example.com/a", "/a", "data:text/html,hello", "javascript:alert(1)", "about:blank", "https://", "https:///a",
     "https://exa mple.com/", "https://alice%40mail.example/", "https://<script>/", f"https://{'a' * 254}/", "https://@/"],
)  # fmt: skip
def test_what_has_no_host_is_no_address(text: str) -> None:
    assert parse_url(text) is None


@given(st.text())
def test_any_text_is_an_address_or_none(text: str) -> None:
    url = parse_url(text)
    assert url is None or url.host


def test_its_repr_shows_nothing() -> None:
    assert "secret" not in repr(parse_url("https://example.com/secret?secret#secret"))


@pytest.mark.parametrize(
    ("text", "has_hash_mode", "page"),
    [
        ("https://example.com/order/1234567?email=a@b.example#top", False, "/order/:id"),
        ("https://example.com/app#/inbox/42", True, "/app#/inbox/42"),
        ("https://example.com/app#/user/alice@example.com?token=1", True, "/app#/user/:email"),
        ("https://example.com/app#/inbox", False, "/app"),
        ("https://example.com/app#", True, "/app"),
    ],
)
def test_a_page_is_its_path_without_names(text: str, has_hash_mode: bool, page: str) -> None:
    url = parse_url(text)
    assert url is not None
    assert scrub_page(url, has_hash_mode=has_hash_mode) == page


def test_a_page_with_its_fragment_is_at_most_512_characters_long() -> None:
    url = parse_url("https://example.com/" + "ab/" * 300 + "#" + "cd/" * 300)
    assert url is not None
    assert len(scrub_page(url, has_hash_mode=True)) == 512


def test_a_token_in_a_host_name_is_a_placeholder() -> None:
    url = parse_url("https://2fd4e1c67a2d28fced849ee1bb76e7391b93eb12.preview.example/")
    assert url is not None
    assert scrub_host(url) == ":token.preview.example"


def test_only_the_asked_parameters_give_up_their_values() -> None:
    query = "utm_source=a+b%21&email=x&ref=&ref=second&utm_source=later&flag"
    assert query_values(query, frozenset({"utm_source", "ref", "flag"})) == {"utm_source": "a b!", "ref": "second"}


def test_of_the_others_only_names_are_seen() -> None:
    assert query_names("GCLID=secret&a&b=1") == {"gclid", "a", "b"}
