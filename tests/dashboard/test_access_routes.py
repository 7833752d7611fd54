"""Every route of the application, with every credential that is not enough: a new route is tested by being there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.routing import Route

from dashboard.access import Role, make_token
from dashboard.revocations import Revocations
from schema.batch import DAY_MS
from schema.store import NO_PARAMETERS, Parameters, Row
from schema.store_embedded import EmbeddedStore
from support.dashboard_client import NOW, SECRET, Client
from support.people import people, share, signed_in
from support.rollup_rows import RowWriter, row
from support.undivided import Undivided

HIDDEN = "/only-for-example.com"  # a page of example.com, from FR
SHOWN = "/also-from-de"  # another, from DE
OPEN = {  # by themselves
    "/login",
    "/logout",
    "/health/live",
    "/health/ready",
    "/api/openapi.json",
    "/",
    "/share/{token}",
    "/embed/{key}",
}
DE = {"segment": ("country=DE",)}
OVER = {"at": "2026-03-09 10:00"}  # a day that is over: others see no more of today than its totals


class WatchedStore(Undivided):
    """The real store, with a note of what it was asked."""

    def __init__(self, store: EmbeddedStore) -> None:
        self._store = store
        self.capabilities = store.capabilities
        self.asked: list[tuple[str, Parameters]] = []

    def query(self, sql: str, parameters: Parameters = NO_PARAMETERS) -> list[Row]:
        self.asked.append((sql, parameters))
        return self._store.query(sql, parameters)


@pytest.fixture
def client(store: EmbeddedStore, rows: RowWriter, tmp_path: Path) -> Client:
    for table in ("pageviews", "events", "visits"):
        for country, path in (("FR", HIDDEN), ("DE", SHOWN)):
            paths = {"entry_path": path, "exit_path": path} if table == "visits" else {"path": path}
            people_ = {"visitors": 50, "visits": 50}
            measures = people_ | ({"events": 60} if table == "events" else {"pageviews": 60})
            rows.add(table, row(country=country, source=f"from {country}", **paths, **measures, **OVER))
    return Client(WatchedStore(store), people(tmp_path))  # type: ignore[arg-type]  # all that the dashboard asks for


def requests(client: Client, site: str = "example.com", token: str = "") -> Iterator[tuple[str, str]]:
    """Method and path of every route; a path that takes a token gets `token`."""
    for route in client.app.routes:
        if isinstance(route, Route):
            path = route.path.replace("{domain:path}", site).replace("{name}", "ledger")
            path = path.replace("{token}", token or site).replace("{key}", token or site)
            assert "{" not in path, "say above what this route's parameter is"
            for method in sorted((route.methods or set()) - {"HEAD"}):
                yield method, path


def body(site: str = "example.com", **more: Any) -> dict[str, Any]:
    question = {"site_id": site, "metrics": ["visitors"], "dimensions": ["event:page"], "date_range": "28d"}
    return {**question, **more}


def ask(client: Client, method: str, path: str, *, query: str = "", **more: Any) -> httpx.Response:
    """What a page, an export or an older client may say to name the site, all at once."""
    address = f"{path}?site_id=example.com&metrics=visitors&property=event:page&period=28d{query}"
    sent = {"json": body()} if method == "POST" and path != "/login" else {}
    return client.request(method, address, **{**sent, **more})


def bearers(client: Client) -> dict[str, dict[str, str]]:
    """Headers that do not allow to read example.com."""
    revoked = "00112233aabbccdd"
    Revocations(client.settings.access_dir).revoke(revoked, NOW, NOW + DAY_MS)
    tokens = {
        "none": "",
        "nonsense": "nonsense",
        "another site's": make_token(SECRET, "other.org", 1, NOW),
        "another site's viewer's": make_token(SECRET, "other.org", 1, NOW, role=Role.VIEWER),
        "expired": make_token(SECRET, "*", 1, NOW - DAY_MS),
        "forged": make_token("another secret", "*", 1, NOW),
        "revoked": make_token(SECRET, "*", 1, NOW, token_id=revoked),
        "a share of another site": share(client.settings, "other.org"),
        "a share that has expired": share(client.settings, expires_at=NOW),
    }
    return {name: {"Authorization": f"Bearer {token}"} if token else {} for name, token in tokens.items()}


def test_no_route_tells_anything_to_who_may_not_read_the_site(client: Client) -> None:
    for name, headers in bearers(client).items():
        for method, path in requests(client):
            answer = ask(client, method, path, headers=headers)
            assert HIDDEN not in answer.text, (name, method, path)
            assert answer.status_code in (401, 403, 404) or is_open(client, path), (name, method, path)


def test_no_route_tells_anything_to_a_user_of_another_site(client: Client) -> None:
    signed_in(client, "otto")
    for method, path in requests(client):
        if path != "/logout":
            answer = ask(client, method, path)
            assert HIDDEN not in answer.text, (method, path)
            assert answer.status_code in (401, 403, 404) or is_open(client, path), (method, path)


def test_a_wrong_link_opens_nothing_even_beside_a_session(client: Client) -> None:
    signed_in(client, "olive")
    for wrong in ("x", share(client.settings, "other.org"), share(client.settings, expires_at=NOW)):
        for method, path in [("GET", "/example.com"), ("POST", "/api/v2/query")]:
            answer = ask(client, method, path, query=f"&share={wrong}")
            assert answer.status_code in (401, 403), (method, path)
            assert HIDDEN not in answer.text


def test_the_page_that_is_hidden_from_others_is_there_for_its_own_people(client: Client) -> None:
    for name in ("olive", "oscar", "vera"):
        page = signed_in(Client(client.store, client.settings), name).get("/example.com?period=28d")
        assert HIDDEN in page.text


@pytest.mark.parametrize("role", ["oscar", "vera"])
def test_only_who_owns_every_site_sees_how_footfall_does(client: Client, role: str) -> None:
    signed_in(client, role)
    assert [client.get(path).status_code for path in ("/metrics", "/api/operator/ledger")] == [403, 403]
    owner = signed_in(Client(client.store, client.settings), "olive")
    assert owner.get("/metrics").status_code == 200


def test_nobody_escapes_the_segment_of_a_shared_link(client: Client) -> None:
    token = share(client.settings, **DE)
    ways: list[dict[str, Any]] = [
        {},
        {"headers": {"Authorization": f"Bearer {token}"}},
        {"query": f"&share={token}"},
        {"query": f"&share={token}&country=FR&not-country=DE&all=pages&find={HIDDEN}"},
        {"query": f"&share={token}&share=x&page={HIDDEN}"},
    ]
    attempts = [body(filters=filters) for filters in escapes()]
    seen = ""
    for way in ways:
        for method, path in requests(client, token=token):
            for question in attempts if method == "POST" else attempts[:1]:
                more = {"json": question} if method == "POST" and path != "/login" else {}
                answer = ask(client, method, path, **{**way, **more})
                assert answer.status_code < 500, (path, question)
                assert HIDDEN not in told(answer), (path, question)
                seen += answer.text
    assert SHOWN in seen
    assert_all_counts_were_of("DE", client)


def told(answer: httpx.Response) -> str:
    """What an answer tells, without what it only repeats of the question."""
    if answer.headers.get("content-type", "").startswith("application/json"):
        return str({name: value for name, value in answer.json().items() if name != "query"})
    return "".join(re.findall(r'class="label">[^<]*', answer.text)) if "<html" in answer.text else answer.text


def escapes() -> list[list[Any]]:
    france, not_germany = ["is", "visit:country", ["FR"]], ["is_not", "visit:country", ["DE"]]
    return [
        [],
        [france],
        [["or", [france, ["is", "visit:country", ["DE"]]]]],
        [["not", ["is", "visit:country", ["DE"]]]],
        [not_germany],
        [["is", "event:page", [HIDDEN]]],
    ]


def assert_all_counts_were_of(country: str, client: Client) -> None:
    """Every statement that adds up counts had the segment's value bound, first of all conditions."""
    sums = [(sql, parameters) for sql, parameters in client.store.asked if "sum(" in sql]  # type: ignore[attr-defined]
    assert sums
    for sql, parameters in sums:
        assert country in str(parameters), sql


def test_an_answer_by_a_shared_link_never_holds_more_than_the_segment(client: Client) -> None:
    token = share(client.settings, **DE)
    headers = {"Authorization": f"Bearer {token}"}
    for filters in escapes():
        answer = client.request("POST", "/api/v2/query", json=body(filters=filters), headers=headers)
        if "visit:country" in str(filters):  # whose rows cannot be folded together with those of pages
            assert (answer.status_code, answer.json()["field"]) == (400, "metrics")
            continue
        assert answer.status_code == 200
        assert {line["dimensions"][0] for line in answer.json()["results"]} <= {SHOWN}


def is_open(client: Client, path: str) -> bool:
    """Whether the route says by itself who it is for; what it says is looked at all the same."""
    return path in OPEN or path.startswith("/health/")
