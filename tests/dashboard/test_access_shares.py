"""Shared links and frames: what they show and hide, how they end, and who may put them into a page."""

import html
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.attempts import MOST_NAMES, OVERALL, Attempts
from dashboard.revocations import Revocations
from dashboard.shares import Share, Shares
from schema.batch import DAY_MS
from schema.errors import RejectError
from schema.store_embedded import EmbeddedStore
from support.dashboard_client import NOW, SECRET, Client, token
from support.people import FRAMING, people, share, signed_in
from support.rollup_rows import RowWriter, row


@pytest.fixture
def client(store: EmbeddedStore, rows: RowWriter, tmp_path: Path) -> Client:
    rows.add("visits", row(source="Google", country="DE", visits=30, visitors=30, pageviews=30))
    rows.add("pageviews", row(path="/", source="Google", country="DE", pageviews=30, visitors=30, visits=30))
    for country in ("DE", "FR"):
        over = {"country": country, "at": "2026-03-09 10:00", "visits": 30, "visitors": 30, "pageviews": 30}
        rows.add("visits", row(source=f"from {country}", **over))
    rows.add("rejections", row(reason="bot", hits=7))
    rows.snapshot(1, 0, 0, date(2026, 3, 10))
    return Client(store, people(tmp_path))


def policy(headers: Mapping[str, str]) -> str:
    """Who may show it in a frame."""
    return headers["content-security-policy"].partition("frame-ancestors ")[2]


def test_a_link_shows_one_site_read_only(client: Client) -> None:
    link = share(client.settings)
    page = client.get(f"/share/{link}")
    assert page.status_code == 200
    assert 'title="from DE"' in page.text
    assert "set-cookie" not in page.headers
    assert "other.org" not in page.text
    assert client.get("/example.com").status_code == 401


def test_every_link_of_a_shared_page_stays_within_it(client: Client) -> None:
    link = share(client.settings)
    page = client.get(f"/share/{link}?period=7d").text
    links = [html.unescape(found) for found in re.findall(r'(?:href|action)="(/[^"]*)"', page)]
    files = [found for found in links if found.startswith("/api/export.csv")]
    assert {client.get(found).status_code for found in files} == {200}
    assert len(files) >= 4
    elsewhere = set(links) - set(files)
    assert {found for found in elsewhere if not found.startswith((f"/share/{link}", "/static/"))} == set()


def test_a_file_of_a_shared_page_holds_the_segment_only(client: Client) -> None:
    link = share(client.settings, segment=("country=DE",))
    files = re.findall(r'href="(/api/export.csv[^"]*)"', client.get(f"/share/{link}?period=7d").text)
    texts = [client.get(html.unescape(found)).text for found in files]
    assert any("from DE" in text for text in texts)
    assert not any("from FR" in text for text in texts)


def test_a_link_ends_when_it_is_to(client: Client) -> None:
    link = share(client.settings, expires_at=NOW + DAY_MS)
    client.now = NOW + DAY_MS - 1
    assert client.get(f"/share/{link}").status_code == 200
    client.now += 1
    gone = client.get(f"/share/{link}")
    assert (gone.status_code, "This link opens nothing" in gone.text) == (404, True)


def test_a_link_that_was_taken_back_opens_nothing_at_once(client: Client) -> None:
    link = share(client.settings)
    shares = Shares(client.settings.access_dir, SECRET)
    (kept,) = shares.all()
    assert client.get(f"/share/{link}").status_code == 200
    assert shares.remove(kept.id)
    assert client.get(f"/share/{link}").status_code == 404
    assert client.query(link).status_code == 401
    assert not shares.remove(kept.id)


def test_a_link_of_a_site_that_is_gone_opens_nothing(client: Client) -> None:
    assert client.get(f"/share/{share(client.settings, 'gone.example')}").status_code == 403


def test_only_the_owner_sees_what_was_rejected(client: Client) -> None:
    def sees(browser: Client, path: str) -> bool:
        return 'data-part="panel-rejected"' in browser.get(path).text

    assert sees(signed_in(Client(client.store, client.settings), "oscar"), "/example.com")
    assert not sees(signed_in(Client(client.store, client.settings), "vera"), "/example.com")
    assert not sees(client, f"/share/{share(client.settings)}")


def test_the_number_of_open_visits_is_not_told_with_a_segment(client: Client) -> None:
    assert "in the last 30 minutes" in client.get(f"/share/{share(client.settings)}").text
    assert "in the last 30 minutes" not in client.get(f"/share/{share(client.settings, segment=('country=DE',))}").text


def test_the_segment_is_shown_and_cannot_be_clicked_away(client: Client) -> None:
    link = share(client.settings, segment=("country=DE|FR", "source!=Bing"))
    page = client.get(f"/share/{link}").text
    chips = re.findall(r'<p class="chip chip-fixed">(.*?)</p>', page, re.DOTALL)
    texts = [re.sub(r"<[^>]+>", "", chip) for chip in chips]
    assert texts == ["Country is Germany or France", "Source is not Bing"]
    assert all("href" not in chip for chip in chips)


def test_only_pages_of_the_named_origins_may_frame_a_link(client: Client) -> None:
    link = share(client.settings, embed=(FRAMING, "https://docs.example"))
    framed = client.get(f"/embed/{link}")
    assert framed.status_code == 200
    assert policy(framed.headers) == f"{FRAMING} https://docs.example"
    assert "x-frame-options" not in framed.headers
    assert framed.headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in framed.headers["content-security-policy"]
    alone = client.get(f"/share/{link}")
    assert (policy(alone.headers), alone.headers["x-frame-options"]) == ("'none'", "DENY")


def test_a_link_that_is_not_for_frames_is_in_none(client: Client) -> None:
    answer = client.get(f"/embed/{share(client.settings)}")
    assert (answer.status_code, policy(answer.headers), answer.headers["x-frame-options"]) == (404, "'none'", "DENY")


def test_a_public_site_may_be_framed_where_the_settings_say(client: Client) -> None:
    framed = client.get("/embed/open.example")
    assert (framed.status_code, policy(framed.headers)) == (200, FRAMING)
    for path in ("/open.example", "/embed/example.com", "/embed/other.org"):
        assert policy(client.get(path).headers) == "'none'"


def test_a_frame_asks_and_sets_no_cookie(client: Client) -> None:
    signed_in(client, "olive")
    framed = client.get("/embed/open.example")
    assert "set-cookie" not in framed.headers
    assert "olive" not in framed.text


def test_only_shared_tokens_are_taken_from_an_address(client: Client) -> None:
    assert client.get(f"/example.com?share={token()}").status_code == 401
    assert client.get(f"/share/{token()}").status_code == 404


def test_a_link_to_a_part_of_the_pages_shows_these(client: Client, rows: RowWriter) -> None:
    for path in ("/blog/a", "/blog/b", "/shop"):
        over = {"at": "2026-03-09 10:00", "visits": 30, "visitors": 30, "pageviews": 40}
        rows.add("pageviews", row(path=path, **over))
    link = share(client.settings, segment=("page=/blog*",))
    page = client.get(f"/share/{link}?period=7d").text
    assert "Page is like" in page
    assert {path: path in page for path in ("/blog/a", "/blog/b", "/shop")} == {
        "/blog/a": True,
        "/blog/b": True,
        "/shop": False,
    }
    assert '<data class="figure-value" value="80">' in page
    assert "Cannot be told of the part of the site that this view shows." in page
    assert "filter on ." not in page


def test_a_list_that_is_too_fine_for_others_says_so(client: Client) -> None:
    page = client.get(f"/share/{share(client.settings)}?places=cities").text
    assert "Too fine for this view: rows with fewer than 10 people are put together." in page


@settings(deadline=None)
@given(text=st.text(max_size=60))
def test_no_text_that_was_not_signed_is_a_link(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(RejectError):
        Shares(tmp_path_factory.getbasetemp(), SECRET).find(text, NOW)


def test_a_file_under_another_name_is_no_share(tmp_path: Path) -> None:
    shares = Shares(tmp_path, SECRET)
    real = Share("0011223344556677", "example.com", "", NOW)
    shares.add(real)
    stolen = tmp_path / "shares" / "7766554433221100.json"
    stolen.write_bytes((tmp_path / "shares" / "0011223344556677.json").read_bytes())
    assert list(shares.all()) == [real]


@pytest.mark.parametrize("content", [b"", b"x", b"1", b"1 2 3"])
def test_a_revocation_that_cannot_be_read_still_holds(tmp_path: Path, content: bytes) -> None:
    revocations = Revocations(tmp_path)
    revocations.revoke("0011223344556677", NOW, NOW + 5)
    (tmp_path / "revoked" / "0011223344556677").write_bytes(content)
    assert revocations.is_revoked("0011223344556677", 0)
    revocations.forget_old(NOW + DAY_MS)
    assert revocations.is_revoked("0011223344556677", 0)


def test_a_revocation_is_forgotten_once_it_is_not_needed(tmp_path: Path) -> None:
    revocations = Revocations(tmp_path)
    revocations.revoke("0011223344556677", NOW, NOW + 5)
    revocations.forget_old(NOW + 4)
    assert revocations.is_revoked("0011223344556677", NOW)
    revocations.forget_old(NOW + 5)
    assert not list((tmp_path / "revoked").iterdir())


def test_a_revocation_is_never_put_off(tmp_path: Path) -> None:
    revocations = Revocations(tmp_path)
    revocations.revoke("0011223344556677", NOW, NOW + DAY_MS)
    revocations.revoke("0011223344556677", NOW + 60_000, NOW + DAY_MS)
    assert revocations.is_revoked("0011223344556677", NOW)


@pytest.mark.parametrize("bad", ["", "../secret", "x" * 16, "00112233445566778"])
def test_what_is_no_id_is_revoked_and_names_no_file(tmp_path: Path, bad: str) -> None:
    assert Revocations(tmp_path).is_revoked(bad, NOW)
    with pytest.raises(ValueError, match="id"):
        Revocations(tmp_path).revoke(bad, NOW, NOW)


def test_attempts_are_remembered_for_a_bounded_number_of_names() -> None:
    attempts = Attempts()
    for number in range(MOST_NAMES + 100):
        assert attempts.take(f"name{number}", NOW + number * OVERALL.every_ms) == 0
    assert len(attempts._by_name) <= MOST_NAMES


def test_notes_on_the_chart_are_for_people_who_signed_in(client: Client) -> None:
    (client.settings.data_dir / "notes.toml").write_text('[[note]]\nday = 2026-03-05\ntext = "Ann left us"\n')
    assert "Ann left us" in signed_in(Client(client.store, client.settings), "vera").get("/example.com").text
    assert "Ann left us" not in client.get(f"/share/{share(client.settings)}").text
    assert "Ann left us" not in client.get("/open.example").text
