import pytest

from collector.referrer import DIRECT, Acquisition, acquisition_of
from collector.sources import Sources
from collector.urls import Url, parse_url

SHA1 = "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"


def acquire(sources: Sources, query: str = "", referrer: str = "") -> Acquisition:
    return acquisition_of(Url("example.com", "/", query, ""), parse_url(referrer), sources)


def test_without_any_hint_a_visit_is_direct(sources: Sources) -> None:
    assert acquire(sources) == acquire(sources, "id=5") == DIRECT


@pytest.mark.parametrize(
    ("query", "referrer", "source"),
    [
        ("utm_source=letter&source=b&ref=c", "https://www.google.com/", "letter"),
        ("source=b&ref=c", "https://www.google.com/", "b"),
        ("ref=c", "https://www.google.com/", "c"),
        ("utm_source=&ref=c", "", "c"),
        ("", "https://www.google.com/", "Google"),
        ("gclid=x", "https://blog.example/", "blog.example"),
        ("gclid=x", "", "Google"),
        ("", "https://www.blog.example/a", "blog.example"),
        ("utm_source=Chatgpt.com", "", "ChatGPT"),
    ],
)
def test_what_the_link_says_comes_before_the_referrer(sources: Sources, query: str, referrer: str, source: str) -> None:
    assert acquire(sources, query, referrer).source == source


def test_all_of_it_is_kept_under_its_own_name(sources: Sources) -> None:
    query = "utm_source=fb&utm_medium=cpc&utm_campaign=Spring+Sale&utm_term=a&utm_content=b"
    assert acquire(sources, query, "https://l.facebook.com/l.php?u=secret") == Acquisition(
        channel="Paid Social",
        source="Facebook",
        referrer="l.facebook.com/l.php",
        utm_source="fb",
        utm_medium="cpc",
        utm_campaign="Spring Sale",
        utm_term="a",
        utm_content="b",
    )


@pytest.mark.parametrize(
    ("referrer", "kept"),
    [
        ("https://www.google.com/", "google.com"),
        ("https://mail.example/inbox/alice@example.com?t=1", "mail.example/inbox/:email"),
        (f"https://{SHA1}.blog.example/{SHA1}", ":token.blog.example/:token"),
        ("https://forum.example/topic/1234567", "forum.example/topic/:id"),
        (f"https://forum.example/{'a/' * 400}", f"forum.example/{'a/' * 400}"[:512]),
    ],
)
def test_a_referrer_is_kept_as_host_and_path_without_names(sources: Sources, referrer: str, kept: str) -> None:
    assert acquire(sources, "", referrer).referrer == kept


@pytest.mark.parametrize("name", ["utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"])
def test_campaign_parameters_are_free_text_too(sources: Sources, name: str) -> None:
    found = acquire(sources, f"{name}=alice%2540example.com+{SHA1}{'+word' * 200}")
    kept = getattr(found, name)
    assert kept.startswith(":email :token word word")
    assert len(kept) <= 512
    assert "alice" not in repr(found)
    assert SHA1 not in repr(found)


def test_the_value_of_a_click_id_is_never_kept(sources: Sources) -> None:
    assert "value" not in repr(acquire(sources, "gclid=value&FBCLID=value"))


def test_a_token_as_host_is_no_name_for_a_source(sources: Sources) -> None:
    assert acquire(sources, "", f"https://{SHA1}.blog.example/").source == ":token.blog.example"
