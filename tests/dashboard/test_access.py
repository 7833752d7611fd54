"""No token, no numbers: every route without a token, with another site's, with an old one; and how one gets in."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.routing import Mount, Route

from dashboard.access import Grant, Role, bearer_token, make_token, read_token, readable_sites
from dashboard.app import create_app
from schema.batch import DAY_MS
from schema.errors import RejectError
from schema.store_embedded import EmbeddedStore
from support.dashboard_client import NOW, SECRET, SETTINGS, Client, token

# Every route: what answers it to a stranger, to the bearer of another site's token, to that of the site's.
PRIVATE: dict[tuple[str, str], tuple[int, int, int]] = {
    ("GET", "/{domain:path}"): (401, 403, 200),
    ("POST", "/api/v2/query"): (401, 403, 200),
    ("GET", "/api/v1/stats/realtime/visitors"): (401, 403, 200),
    ("GET", "/api/v1/stats/aggregate"): (401, 403, 200),
    ("GET", "/api/v1/stats/timeseries"): (401, 403, 200),
    ("GET", "/api/v1/stats/breakdown"): (401, 403, 200),
    ("GET", "/api/export.csv"): (401, 403, 200),
    ("GET", "/metrics"): (401, 403, 403),  # for those who may read every site
    ("GET", "/api/operator/{name}"): (401, 403, 403),
    ("GET", "/ledger"): (401, 403, 403),
    ("GET", "/"): (303, 200, 200),  # to what is public; with a token, the list of what it may read
    ("GET", "/share/{token}"): (404, 404, 404),  # for who has a shared link
    ("GET", "/embed/{key}"): (404, 404, 404),
}
PUBLIC = {"/login", "/logout", "/health/live", "/health/ready", "/static", "/api/openapi.json"}


@pytest.fixture
def client(store: EmbeddedStore) -> Client:
    return Client(store)


def ask(client: Client, method: str, route: str, bearer: str) -> int:
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    body: Any = {"site_id": "example.com", "metrics": ["visitors"], "date_range": "day"}
    path = route.replace("{domain:path}", "example.com")
    if route.startswith(("/api/v1", "/api/export")):
        path += "?site_id=example.com&property=visit:source"
    return client.request(method, path, json=body if method == "POST" else None, headers=headers).status_code


def test_every_route_is_listed_here(store: EmbeddedStore) -> None:
    routes = create_app(SETTINGS, store, SECRET, lambda: NOW).routes
    assert {route.path for route in routes if isinstance(route, Route | Mount)} == PUBLIC | {
        path for _, path in PRIVATE
    }


@pytest.mark.parametrize(("method", "route"), PRIVATE)
def test_a_route_with_numbers_wants_a_token_for_the_site(client: Client, method: str, route: str) -> None:
    answers = tuple(ask(client, method, route, bearer) for bearer in ("", token("other.org"), token("example.com")))
    assert answers == PRIVATE[method, route]


@pytest.mark.parametrize(("method", "route"), [key for key in PRIVATE if 401 in PRIVATE[key]])
def test_old_and_foreign_tokens_are_none(client: Client, method: str, route: str) -> None:
    old, foreign = make_token(SECRET, "*", 1, NOW - DAY_MS), make_token("another secret", "*", 1, NOW)
    assert [ask(client, method, route, bearer) for bearer in (old, foreign, "x", token()[:-1])] == [401] * 4


def test_a_token_for_every_site_reads_each(client: Client) -> None:
    for domain in ("example.com", "other.org", "open.example"):
        assert client.get(f"/{domain}", headers={"Authorization": f"Bearer {token()}"}).status_code == 200


def test_a_public_site_needs_none(client: Client) -> None:
    assert client.get("/open.example").status_code == 200
    assert client.query(site_id="open.example").status_code == 200


def test_nobody_without_a_token_learns_which_sites_there_are(client: Client) -> None:
    known, unknown = client.get("/example.com"), client.get("/unknown.example")
    assert known.status_code == unknown.status_code
    assert known.text.replace("example.com", "unknown.example") == unknown.text
    signed_in = Client(client.store).sign_in("other.org")
    assert signed_in.get("/example.com").status_code == signed_in.get("/unknown.example").status_code == 403
    assert Client(client.store).sign_in().get("/unknown.example").status_code == 404


def test_the_list_of_sites_has_only_those_of_the_token(client: Client) -> None:
    page = client.get("/", headers={"Authorization": f"Bearer {token('other.org')}"}).text
    assert "other.org" in page
    assert "open.example" in page
    assert "example.com" not in page


def test_a_login_link_leaves_the_address_bar_and_stays_in_a_cookie(client: Client) -> None:
    answer = client.get(f"/login?token={token('example.com', days=2)}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/example.com")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("footfall=")
    assert all(part in cookie for part in ("HttpOnly", "SameSite=lax", "Path=/", "Max-Age=172800"))
    assert "Secure" not in cookie
    assert Client(client.store).sign_in().get("/example.com").status_code == 200


def test_over_https_no_other_host_can_set_the_cookie(store: EmbeddedStore) -> None:
    client = Client(store, scheme="https")
    cookie = client.get(f"/login?token={token()}").headers["set-cookie"]
    assert cookie.startswith("__Host-footfall=")
    assert "Secure" in cookie
    assert "Domain" not in cookie
    assert client.sign_in().get("/example.com").status_code == 200
    forced = Client(store, scheme="https", cookies={"footfall": token()})
    assert forced.get("/example.com").status_code == 401


@pytest.mark.parametrize(
    "bad", ["", "x", "x.y", make_token("another secret", "*", 1, NOW)], ids=["empty", "short", "parts", "another's"]
)
def test_a_bad_login_link_sets_nothing(client: Client, bad: str) -> None:
    answer = client.get(f"/login?token={bad}")
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


def test_signing_out_forgets_the_token(client: Client) -> None:
    answer = client.sign_in().request("POST", "/logout")
    assert answer.status_code == 303
    assert 'footfall=""' in answer.headers["set-cookie"]
    assert "Max-Age=0" in answer.headers["set-cookie"]


def test_another_site_cannot_sign_anyone_out(client: Client) -> None:
    assert client.request("POST", "/logout", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.get("/logout").status_code != 303


def test_a_refusal_tells_people_how_to_get_in(client: Client) -> None:
    assert ".venv/bin/footfall token --site <var>example.com</var>" in client.get("/example.com").text
    old = make_token(SECRET, "*", 1, NOW - DAY_MS)
    assert "has expired" in client.get("/example.com", headers={"Authorization": f"Bearer {old}"}).text
    refused = client.query()
    assert refused.headers["www-authenticate"] == "Bearer"
    assert "error" in refused.json()


def test_only_what_can_be_typed_safely_is_put_into_the_command(client: Client) -> None:
    page = client.get("/x.example;rm -rf").text
    assert "--site <var>example.com</var>" in page
    assert "rm -rf" not in page


def test_only_an_expired_link_is_called_expired(client: Client) -> None:
    old = make_token(SECRET, "*", 1, NOW - DAY_MS)
    assert "This link has expired" in client.get(f"/login?token={old}").text
    for bad in (token()[:-1], make_token("another secret", "*", 1, NOW)):
        page = client.get(f"/login?token={bad}").text
        assert "expired" not in page
        assert "It is not whole, or not for this Footfall." in page


def test_whoever_signed_out_is_told_so_where_a_site_is_public(client: Client) -> None:
    address = client.sign_in().request("POST", "/logout").headers["location"]
    stranger = Client(client.store)
    page = stranger.get(stranger.get(address).headers["location"])
    assert (page.status_code, "You are signed out." in page.text) == (200, True)
    assert "You are signed out." not in stranger.get("/open.example").text
    assert "You are signed out." not in client.get("/open.example?signed-out").text


def test_a_token_says_what_it_allows_until_the_very_end() -> None:
    grant = read_token(SECRET, make_token(SECRET, "example.com", 1, NOW), NOW + DAY_MS - 1)
    assert (grant.owner, grant.viewer, grant.expires_at) == (("example.com",), (), NOW + DAY_MS)
    with pytest.raises(RejectError, match="expired"):
        read_token(SECRET, make_token(SECRET, "example.com", 1, NOW), NOW + DAY_MS)
    viewer = read_token(SECRET, make_token(SECRET, "example.com", 1, NOW, role=Role.VIEWER), NOW)
    assert (viewer.role_of("example.com"), viewer.role_of("other.org")) == (Role.VIEWER, None)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_no_text_that_was_not_signed_is_a_token(text: str) -> None:
    with pytest.raises(RejectError):
        read_token(SECRET, text, NOW)


@settings(deadline=None)
@given(st.data())
def test_no_changed_token_is_one(data: st.DataObject) -> None:
    good = make_token(SECRET, "example.com", 1, NOW)
    place = data.draw(st.integers(0, len(good) - 1))
    changed = good[:place] + data.draw(st.characters(codec="ascii")) + good[place + 1 :]
    try:
        assert read_token(SECRET, changed, NOW) == read_token(SECRET, good, NOW)
    except RejectError:
        assert changed != good


def test_without_a_secret_nothing_is_signed() -> None:
    with pytest.raises(ValueError, match="secret"):
        make_token("", "*", 1, NOW)


@pytest.mark.parametrize(
    ("header", "expected"),
    [("Bearer abc", "abc"), ("bearer  abc", "abc"), ("Basic abc", ""), ("Bearer", ""), ("Bearer a b", ""), ("", "")],
)
def test_a_bearer_header_is_read_strictly(header: str, expected: str) -> None:
    assert bearer_token(header) == expected


def test_readable_are_public_sites_and_those_of_the_grant() -> None:
    def domains(grant: Grant | None) -> list[str]:
        return [site.domain for site in readable_sites(SETTINGS, grant)]

    assert domains(None) == ["open.example"]
    assert domains(Grant(("other.org",), 0)) == ["other.org", "open.example"]
    assert domains(Grant(("*",), 0)) == ["example.com", "other.org", "open.example"]
