"""What every answer has in common: headers, errors, health; and that no template has code or style of its own."""

import re
from pathlib import Path

import pytest

import dashboard
from dashboard.static_files import KEEP, version_of
from schema.errors import StoreUnavailableError
from schema.store import NO_PARAMETERS, Capabilities, Parameters, Row
from schema.store_embedded import EmbeddedStore
from support.dashboard_client import Client, token
from support.undivided import Undivided

PACKAGE = Path(dashboard.__file__).parent
TEMPLATES = sorted((PACKAGE / "templates").glob("*.html"))
PATHS = [
    "/",
    "/example.com",
    "/nothing",
    "/login",
    "/static/page.css",
    "/static/none",
    "/health/live",
    "/api/v2/query",
]


class BrokenStore(Undivided):
    """A store that fails in the way it is told to."""

    capabilities = Capabilities((26, 9))

    def __init__(self, error: Exception) -> None:
        self.error = error

    def query(self, sql: str, parameters: Parameters = NO_PARAMETERS) -> list[Row]:
        raise self.error


@pytest.fixture
def client(store: EmbeddedStore) -> Client:
    return Client(store)


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_keeps_to_itself(client: Client, path: str) -> None:
    headers = client.get(path).headers
    policy = dict(part.split(maxsplit=1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cache-control"] == ("no-cache" if path.endswith(".css") else "no-store")


def test_a_file_of_this_version_is_kept_and_of_another_is_not(client: Client) -> None:
    page = client.sign_in().get("/").text
    linked = re.findall(r'(?:href|src)="(/static/[^"#]+)', page)
    assert linked
    for path in linked:
        assert path.startswith(f"/static/{version_of()}/")
        assert client.get(path).headers["cache-control"] == KEEP
    answer = client.get(f"/static/{'0' * 16}/page.css")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
    for path in (f"/static/{version_of()}/../app.py", f"/static/{version_of()}/none.css", f"/static/{version_of()}"):
        assert client.get(path).status_code == 404


def test_another_file_is_another_version(tmp_path: Path) -> None:
    versions = []
    for name, text in (("a.css", "x"), ("a.css", "y"), ("b.css", "y")):
        (tmp_path / name).write_text(text)
        versions.append(version_of(tmp_path))
    assert len(set(versions)) == 3


def test_even_an_answer_to_a_mistake_keeps_to_itself() -> None:
    answer = Client(BrokenStore(ZeroDivisionError("secret detail"))).sign_in().get("/example.com")
    assert answer.status_code == 500
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "secret detail" not in answer.text


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_code_or_style_of_its_own(template: Path) -> None:
    html = template.read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle\s*=|\son[a-z]+\s*=|javascript:", html, re.IGNORECASE)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", html))
    assert "|safe" not in html.replace(" ", "")


@pytest.mark.parametrize(
    "file", sorted(f for f in (PACKAGE / "static").rglob("*") if f.is_file()), ids=lambda path: path.name
)
def test_no_static_file_asks_another_host(file: Path) -> None:
    hosts = re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]+", file.read_text(encoding="utf-8").replace("www.w3.org", ""))
    assert not hosts
    assert ".innerHTML" not in file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("question", "status", "field"),
    [
        ({"metrics": ["nonsense"]}, 400, "metrics"),
        ({"metrics": ["visit_duration"], "dimensions": ["event:page"]}, 400, "metrics"),
        ({"site_id": "unknown.example"}, 404, "site_id"),
    ],
)
def test_the_api_has_one_shape_of_errors(client: Client, question: dict[str, object], status: int, field: str) -> None:
    answer = client.query(token(), **question)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    assert answer.json().get("field") == field
    assert answer.json()["error"]


def test_a_body_that_is_too_long_is_not_read(client: Client) -> None:
    assert client.request("POST", "/api/v2/query", content=b" " * 70_000).status_code == 413


def test_a_store_that_does_not_answer_is_a_503_that_says_when_to_come_back() -> None:
    client = Client(BrokenStore(StoreUnavailableError("down")))
    answer = client.query(token())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    page = client.sign_in().get("/example.com")
    assert page.status_code == 503
    assert "Nothing is lost" in page.text
    assert 'http-equiv="refresh"' in page.text


@pytest.mark.parametrize(
    ("period", "sentence"),
    [
        ("custom&from=x&to=y", "<p>Counts are kept per day: both dates have to be like 2026-03-31"),
        ("custom&from=2026-03-02&to=2026-03-01", "<p>The period ends before it begins.</p>"),
        ("bogus", "<p>There is no period of that name:"),
    ],
)
def test_a_wrong_period_is_explained_on_a_page_in_a_sentence(client: Client, period: str, sentence: str) -> None:
    page = client.sign_in().get(f"/example.com?period={period}")
    assert page.status_code == 400
    assert sentence in page.text
    assert "28d" not in page.text


def test_live_means_that_the_process_answers() -> None:
    assert Client(BrokenStore(StoreUnavailableError("down"))).get("/health/live").text == "ok"


@pytest.mark.parametrize(("status", "code"), [({"ready": True}, 200), ({"ready": False, "lag_seconds": 900}, 503)])
def test_ready_is_what_the_aggregator_says(store: EmbeddedStore, status: dict[str, object], code: int) -> None:
    answer = Client(store, status=lambda: status).get("/health/ready")
    assert (answer.status_code, answer.json()) == (code, status)


def test_ready_needs_the_store() -> None:
    assert Client(BrokenStore(StoreUnavailableError("down"))).get("/health/ready").status_code == 503
    status = {"ready": True}
    assert (
        Client(BrokenStore(StoreUnavailableError("down")), status=lambda: status).get("/health/ready").status_code
        == 503
    )


def test_only_this_machine_is_told_more(store: EmbeddedStore) -> None:
    stranger = Client(store, status=lambda: {"ready": True, "latest_problems": ["x"]}, client=("198.51.100.7", 1))
    assert stranger.get("/health/ready").json() == {"ready": True}
