import tomllib
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.sources import Sources
from collector.spam import SpamHosts, load_spam_hosts

HOSTS = tomllib.loads((files("collector") / "spam.toml").read_text(encoding="utf-8"))["hosts"]


@pytest.mark.parametrize("host", ["semalt.com", "1.2.semalt.com", "buttons-for-website.com", "darodar.com"])
def test_a_host_known_for_spam_is_spam_with_all_its_subdomains(host: str) -> None:
    assert load_spam_hosts().is_spam(host)


@pytest.mark.parametrize(
    "host", ["", "com", "google.com", "notsemalt.com", "semalt.com.example", "semalt.co", "192.0.2.1", "..", "."]
)
def test_any_other_host_is_not(host: str) -> None:
    assert not load_spam_hosts().is_spam(host)


def test_an_owner_names_hosts_as_they_come(sources: Sources) -> None:
    spam = SpamHosts(["www.Spam.example ", "worse.example"])
    assert spam.is_spam("spam.example")
    assert spam.is_spam("a.worse.example")
    assert not spam.is_spam("semalt.com")
    assert not SpamHosts([]).is_spam("spam.example")


@given(st.text(max_size=300))
def test_no_text_stops_the_search(host: str) -> None:
    assert not SpamHosts(["spam.example"]).is_spam(host.replace("spam", ""))


def test_the_list_is_in_order_without_what_another_entry_covers() -> None:
    assert sorted(set(HOSTS)) == HOSTS
    assert all(host == host.strip().lower() and "." in host for host in HOSTS)
    assert [host for host in HOSTS if SpamHosts(set(HOSTS) - {host}).is_spam(host)] == []


def test_no_source_known_by_name_is_spam(sources: Sources) -> None:
    assert [host for host in HOSTS if sources.at_host(host)] == []
