"""Signing in with a name and a password: what it takes, how long it lasts, how it ends, how often it may be tried."""

import re
import time
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from dashboard.sessions import GRACE_MS, IDLE_MS, LONGEST_MS, RENEW_MS
from schema.store_embedded import EmbeddedStore
from support.dashboard_client import Client, token
from support.people import HASH, PASSWORD, people, signed_in, try_to_sign_in, with_password

MINUTE_MS = 60_000


@pytest.fixture
def client(store: EmbeddedStore, tmp_path: Path) -> Client:
    return Client(store, people(tmp_path))


def again(client: Client) -> Client:
    """The same after a restart: what was in memory is gone, the browser has its cookies."""
    return Client(client.store, client.settings, scheme=client.scheme, cookies=client.cookies, now=client.now)


def test_who_comes_without_anything_gets_the_form_and_then_what_they_asked_for(client: Client) -> None:
    page = client.get("/example.com?period=day")
    assert page.status_code == 401
    assert '<input type="hidden" name="next" value="/example.com?period=day">' in page.text
    answer = try_to_sign_in(client, path="/example.com?period=day")
    assert (answer.status_code, answer.headers["location"]) == (303, "/example.com?period=day")
    assert signed_in(client).get("/example.com").status_code == 200


def test_without_users_a_link_is_still_the_way_in(store: EmbeddedStore, tmp_path: Path) -> None:
    client = Client(store, people(tmp_path, users=()))
    assert "footfall token" in client.get("/example.com").text
    assert client.get("/login").status_code == 401
    assert try_to_sign_in(client).status_code == 403
    assert client.sign_in().get("/example.com").status_code == 200


def test_with_users_a_link_is_a_way_in_too(client: Client) -> None:
    assert client.sign_in().get("/example.com").status_code == 200
    assert "This link does not work" in client.get("/login?token=x").text


@pytest.mark.parametrize(
    ("path", "goes_to"),
    [
        ("/other.org", "/other.org"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/x\r\nSet-Cookie: a=b", "/"),
        ("/login?token=x", "/"),
    ],
)
def test_signing_in_leads_to_no_other_host(client: Client, path: str, goes_to: str) -> None:
    assert try_to_sign_in(client, path=path).headers["location"] == goes_to


@pytest.mark.parametrize(("scheme", "url"), [("https", ""), ("http", "https://stats.example")])
def test_over_https_the_session_is_in_a_host_cookie(
    store: EmbeddedStore, tmp_path: Path, scheme: str, url: str
) -> None:
    client = Client(store, people(tmp_path, url=url), scheme=scheme)
    answer = try_to_sign_in(client)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-footfall=")
    assert all(part in cookie for part in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"))
    assert "Domain" not in cookie
    assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"


def test_over_http_there_is_neither_a_secure_cookie_nor_hsts(client: Client) -> None:
    answer = try_to_sign_in(client)
    assert answer.headers["set-cookie"].startswith("footfall=")
    assert "Secure" not in answer.headers["set-cookie"]
    assert "strict-transport-security" not in answer.headers
    assert "not encrypted" in client.get("/login").text


def test_a_wrong_password_and_an_unknown_name_are_answered_alike(client: Client) -> None:
    wrong, unknown = try_to_sign_in(client, "olive", "wrong"), try_to_sign_in(client, "nobody", "wrong")
    assert wrong.status_code == unknown.status_code == 403
    assert wrong.text.replace("olive", "nobody") == unknown.text
    assert "set-cookie" not in wrong.headers


def test_an_unknown_name_takes_as_long_as_a_wrong_password(store: EmbeddedStore, tmp_path: Path) -> None:
    costly = PasswordHasher(time_cost=4, memory_cost=65_536, parallelism=1).hash(PASSWORD)
    client = Client(store, with_password(people(tmp_path), "olive", costly))

    def cpu_seconds(name: str) -> float:
        start = time.process_time()
        assert try_to_sign_in(client, name, "wrong").status_code == 403
        return time.process_time() - start

    client.get("/login")
    known, unknown = (min(cpu_seconds(name) for _ in range(2)) for name in ("olive", "nobody"))
    assert 0.5 < unknown / known < 2


def test_a_name_can_be_tried_five_times_and_then_once_a_minute(client: Client) -> None:
    assert [try_to_sign_in(client, "olive", "wrong").status_code for _ in range(5)] == [403] * 5
    refused = try_to_sign_in(client, "olive")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    assert "Try again in 60 seconds" in refused.text
    assert try_to_sign_in(client, "oscar").status_code == 303
    client.now += MINUTE_MS
    assert try_to_sign_in(client, "olive").status_code == 303


def test_names_that_do_not_exist_are_limited_alike(client: Client) -> None:
    assert [try_to_sign_in(client, "Nobody", "x").status_code for _ in range(6)] == [403] * 5 + [429]
    assert try_to_sign_in(client, "nobody", "x").status_code == 429


def test_all_names_together_are_limited_too(client: Client) -> None:
    statuses = [try_to_sign_in(client, f"name{number}", "x").status_code for number in range(31)]
    assert statuses == [403] * 30 + [429]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": "http://dashboard.example"}, 303),
        ({}, 303),  # no browser
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://dashboard.example"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_only_our_own_page_signs_anyone_in(client: Client, headers: dict[str, str], status: int) -> None:
    fields = {"name": "olive", "password": PASSWORD}
    answer = client.request("POST", "/login", data=fields, headers=headers)
    assert answer.status_code == status
    assert ("set-cookie" in answer.headers) == (status == 303)


def test_the_form_tells_our_server_where_it_is_from_and_no_other(client: Client) -> None:
    assert client.get("/login").headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b"{}", 415),
        ("application/x-www-form-urlencoded", b"\xff=\xff", 400),
        ("application/x-www-form-urlencoded", b"&".join([b"a=b"] * 100), 400),
        ("application/x-www-form-urlencoded", b"", 403),
        ("application/x-www-form-urlencoded", b"name=olive&password=" + b"x" * 2000, 403),
    ],
)
def test_a_form_that_is_none_is_refused(client: Client, content_type: str, body: bytes, status: int) -> None:
    headers = {"Content-Type": content_type}
    assert client.request("POST", "/login", content=body, headers=headers).status_code == status


def test_signing_out_ends_the_session_and_not_just_the_cookie(client: Client) -> None:
    signed_in(client)
    answer = client.request("POST", "/logout", headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 303
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert client.get("/example.com").status_code == 401
    assert again(client).get("/example.com").status_code == 401


def test_a_session_outlives_a_restart(client: Client) -> None:
    signed_in(client)
    assert again(client).get("/example.com").status_code == 200


def test_an_unused_session_ends_after_a_week(client: Client) -> None:
    signed_in(client)
    client.now += IDLE_MS - 1
    assert client.get("/example.com").status_code == 200
    client.now += 1
    assert client.get("/example.com").status_code == 401


def test_a_session_in_use_ends_after_thirty_days(client: Client) -> None:
    signed_in(client)
    start = client.now
    while client.now < start + LONGEST_MS - IDLE_MS // 2:
        client.now += IDLE_MS // 2
        client.cookies |= dict(client.get("/example.com").cookies)
    assert client.get("/example.com").status_code == 200
    client.now = start + LONGEST_MS
    assert client.get("/example.com").status_code == 401


def test_a_cookie_is_replaced_every_hour_and_the_old_one_ends_a_moment_later(client: Client) -> None:
    signed_in(client)
    assert "set-cookie" not in client.get("/example.com").headers
    client.now += RENEW_MS
    old = dict(client.cookies)
    new = dict(client.get("/example.com").cookies)
    assert new["footfall"] != old["footfall"]
    client.now += GRACE_MS - 1
    assert client.get("/example.com").status_code == 200
    client.now += 1
    assert client.get("/example.com").status_code == 401
    client.cookies = new
    assert client.get("/example.com").status_code == 200


def test_signing_out_ends_every_cookie_of_the_session(client: Client) -> None:
    signed_in(client)
    client.now += RENEW_MS
    new = dict(client.get("/example.com").cookies)
    assert client.request("POST", "/logout").status_code == 303
    client.cookies = new
    assert client.get("/example.com").status_code == 401


def test_signing_in_again_ends_the_session_before(client: Client) -> None:
    before = dict(signed_in(client).cookies)
    after = signed_in(client)
    assert after.get("/example.com").status_code == 200
    client.cookies = before
    assert client.get("/example.com").status_code == 401


def test_another_password_ends_all_sessions_of_that_user_only(client: Client) -> None:
    other = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    assert other != HASH
    for name, status in (("olive", 401), ("oscar", 200)):
        cookies = dict(signed_in(Client(client.store, client.settings), name).cookies)
        changed = with_password(client.settings, "olive", other)
        assert Client(client.store, changed, cookies=cookies).get("/example.com").status_code == status


def test_a_user_who_was_removed_is_out(client: Client) -> None:
    cookies = signed_in(client, "oscar").cookies
    settings = people(client.settings.data_dir, users=client.settings.dashboard.users[:1])
    assert Client(client.store, settings, cookies=cookies).get("/example.com").status_code == 401


def test_a_token_is_no_session_and_a_session_no_token(client: Client) -> None:
    session = signed_in(client).cookies["footfall"]
    stranger = Client(client.store, client.settings)
    assert stranger.get("/example.com", headers={"Authorization": f"Bearer {session}"}).status_code == 401
    assert stranger.get(f"/login?token={session}").status_code == 401
    assert stranger.get("/example.com", headers={"Authorization": f"Bearer {token()}"}).status_code == 200


def test_neither_the_secret_nor_the_hash_is_in_the_cookie(client: Client) -> None:
    session = signed_in(client).cookies["footfall"]
    assert HASH[-20:] not in session


def test_the_header_says_who_is_here_and_has_the_way_out(client: Client) -> None:
    page = signed_in(client, "vera").get("/example.com").text
    header = re.search(r"<header.*?</header>", page, re.DOTALL)
    assert header
    assert ">vera<" in header[0]
    assert 'action="/logout"' in header[0]
    stranger = Client(client.store, client.settings).get("/open.example").text
    assert 'href="/login">Sign in' in stranger
    assert 'action="/logout"' not in stranger


def test_a_name_is_shown_as_text(client: Client) -> None:
    page = try_to_sign_in(client, '"><script>x</script>', "wrong").text
    assert "<script>" not in page
