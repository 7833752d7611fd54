"""The application as a browser meets it: every path, every kind of answer."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from collector import app as app_module
from collector.app import create_app
from collector.day_key import DayKey
from collector.pixel import GIF
from schema.batch import DAY_MS
from schema.hit import Hit, RejectedHit, Rejection
from schema.settings import CollectorSettings, Settings, SiteSettings
from support.hits import at
from support.processes import FIREFOX

NOON = at("12:00")
PAGEVIEW = {"n": "pageview", "d": "example.com", "u": "https://example.com/a"}
Ask = Callable[..., httpx.Response]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        data_dir=tmp_path,
        site=(SiteSettings("example.com"), SiteSettings("shop.example", hostnames=("shop.example",))),
        collector=CollectorSettings(trusted_proxies=("127.0.0.1",)),
    )


@pytest.fixture
def day_key(tmp_path: Path) -> DayKey:
    return DayKey(tmp_path / "keys")


@pytest.fixture
def ask(settings: Settings, memory_spool: Any, day_key: DayKey) -> Ask:
    """Sends one request, as Firefox does."""
    app = create_app(settings, memory_spool, day_key, lambda: NOON)

    def ask(method: str, path: str, **request: Any) -> httpx.Response:
        headers = {"user-agent": FIREFOX, **request.pop("headers", {})}

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://collector.example") as client:
                return await client.request(method, path, headers=headers, **request)

        return asyncio.run(send())

    return ask


def post(ask: Ask, wire: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
    return ask("POST", "/api/event", json=PAGEVIEW | (wire or {}), headers=headers)


def test_a_beacon_is_answered_202_and_in_the_spool(ask: Ask, memory_spool: Any) -> None:
    answer = post(ask)
    assert (answer.status_code, answer.text) == (202, "ok")
    assert "x-footfall-rejected" not in answer.headers
    (hit,) = memory_spool.records
    assert (hit.site, hit.at, hit.path) == ("example.com", NOON, "/a")


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", "application/x-www-form-urlencoded", ""])
def test_a_beacon_is_json_whatever_its_content_type(ask: Ask, content_type: str) -> None:
    body = b'{"n":"pageview","d":"example.com","u":"https://example.com/"}'
    assert ask("POST", "/api/event", content=body, headers={"content-type": content_type}).status_code == 202


@pytest.mark.parametrize(
    ("wire", "headers", "reason"),
    [
        ({}, {"sec-gpc": "1"}, Rejection.OPT_OUT),
        ({}, {"purpose": "prefetch"}, Rejection.PREFETCH),
        ({}, {"user-agent": "curl/8"}, Rejection.BOT),
        ({"d": "shop.example"}, {}, Rejection.HOSTNAME),
    ],
)
def test_a_beacon_that_does_not_count_is_answered_202_with_the_reason(
    ask: Ask, memory_spool: Any, wire: dict[str, Any], headers: dict[str, str], reason: Rejection
) -> None:
    answer = post(ask, wire, **headers)
    assert (answer.status_code, answer.headers["x-footfall-rejected"]) == (202, reason.value)
    assert memory_spool.records == [RejectedHit(wire.get("d", "example.com"), NOON, reason)]


def test_a_malformed_beacon_is_answered_400_with_the_field_and_noted(ask: Ask, memory_spool: Any) -> None:
    answer = post(ask, {"u": ""})
    assert (answer.status_code, answer.json()) == (400, {"errors": {"url": ["is required"]}})
    assert memory_spool.records == [RejectedHit("", NOON, Rejection.MALFORMED)]


def test_a_beacon_for_an_unknown_site_is_answered_400_and_noted(ask: Ask, memory_spool: Any) -> None:
    answer = post(ask, {"d": "alice.example"})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["domain"])
    assert "alice" not in answer.text
    assert memory_spool.records == [RejectedHit("", NOON, Rejection.UNKNOWN_SITE)]


def test_a_beacon_for_several_sites_is_several_hits(ask: Ask, memory_spool: Any) -> None:
    answer = post(ask, {"d": "example.com,shop.example,alice.example", "u": "https://shop.example/"})
    assert (answer.status_code, answer.headers["x-footfall-rejected"]) == (202, "unknown_site")
    assert [type(record) for record in memory_spool.records] == [Hit, Hit, RejectedHit]


def test_of_several_sites_each_reason_is_told_once(ask: Ask) -> None:
    answer = post(ask, {"d": "shop.example,a.example,b.example"})
    assert (answer.status_code, answer.headers["x-footfall-rejected"]) == (202, "hostname, unknown_site")


def test_a_spool_that_refuses_is_answered_503_with_when_to_try_again(ask: Ask, memory_spool: Any) -> None:
    memory_spool.refusal = "full"
    for wire in ({}, {"u": ""}, {"d": "alice.example"}):
        answer = post(ask, wire)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")
    assert memory_spool.records == []


def test_a_body_over_the_limit_is_answered_413_and_ends_the_connection(ask: Ask, memory_spool: Any) -> None:
    limit = CollectorSettings().max_body_bytes
    fits, too_large = b'{"n":1' + b" " * (limit - 7) + b"}", b'{"n":1' + b" " * (limit - 6) + b"}"
    assert ask("POST", "/api/event", content=fits).status_code == 400
    answer = ask("POST", "/api/event", content=too_large)
    assert (answer.status_code, answer.headers["connection"]) == (413, "close")
    assert len(memory_spool.records) == 1


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_another_method_is_answered_405(ask: Ask, method: str) -> None:
    answer = ask(method, "/api/event")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST, OPTIONS")


def test_a_preflight_is_answered(ask: Ask) -> None:
    answer = ask("OPTIONS", "/api/event", headers={"origin": "https://example.com"})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-methods"] == "POST, OPTIONS"
    assert answer.headers["access-control-allow-headers"] == "content-type"


@pytest.mark.parametrize("wire", [{}, {"u": ""}, {"d": "alice.example"}])
def test_every_page_may_read_every_answer_and_nobody_keeps_it(ask: Ask, wire: dict[str, Any]) -> None:
    headers = post(ask, wire, origin="https://example.com").headers
    assert headers["access-control-allow-origin"] == "*"
    assert headers["cross-origin-resource-policy"] == "cross-origin"
    assert headers["cache-control"] == "no-store"
    assert "access-control-allow-credentials" not in headers
    assert "set-cookie" not in headers


def test_a_visitor_behind_the_trusted_proxy_is_told_by_the_forwarded_address(ask: Ask, memory_spool: Any) -> None:
    for address in ("198.51.100.7", "203.0.113.9, 198.51.100.7", "198.51.100.8"):
        post(ask, **{"x-forwarded-for": address})
    codes = [hit.visitor for hit in memory_spool.records]
    assert codes[0] == codes[1] != codes[2]


def test_a_pixel_is_a_pageview_of_its_page(ask: Ask, memory_spool: Any) -> None:
    answer = ask("GET", "/pixel.gif", params={"u": "https://example.com/a?utm_source=x", "d": "example.com"})
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, GIF, "image/gif")
    assert (answer.headers["cache-control"], answer.headers["cross-origin-resource-policy"]) == (
        "no-store",
        "cross-origin",
    )
    (hit,) = memory_spool.records
    assert (hit.name, hit.path, hit.utm_source) == ("pageview", "/a", "x")


def test_a_pixel_without_a_page_is_of_the_page_that_shows_it(ask: Ask, memory_spool: Any) -> None:
    assert ask("GET", "/pixel.gif", headers={"referer": "https://example.com/b"}).status_code == 200
    assert memory_spool.records[0].path == "/b"


@pytest.mark.parametrize(
    ("headers", "status", "rejected"),
    [({"referer": "https://example.com/"}, 200, None), ({}, 400, None), ({"referer": "https://other.example/"}, 400, None),
     ({"referer": "https://example.com/", "sec-gpc": "1"}, 200, "opt_out")],
)  # fmt: skip
def test_a_pixel_is_an_image_whatever_becomes_of_it(
    ask: Ask, headers: dict[str, str], status: int, rejected: str | None
) -> None:
    answer = ask("GET", "/pixel.gif", headers=headers)
    assert (answer.status_code, answer.content) == (status, GIF)
    assert answer.headers.get("x-footfall-rejected") == rejected


def test_a_pixel_that_is_only_asked_about_counts_nothing(ask: Ask, memory_spool: Any) -> None:
    assert ask("HEAD", "/pixel.gif", headers={"referer": "https://example.com/"}).status_code == 200
    assert memory_spool.records == []


def test_a_pixel_cannot_be_kept_by_a_spool_that_refuses(ask: Ask, memory_spool: Any) -> None:
    memory_spool.refusal = "full"
    answer = ask("GET", "/pixel.gif", headers={"referer": "https://example.com/"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")


def test_the_script_is_served_and_asked_for_again_only_when_it_changes(ask: Ask) -> None:
    answer = ask("GET", "/js/script.js")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert b"api/event" in answer.content
    assert answer.headers["cache-control"] == "public, max-age=3600"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    tag = answer.headers["etag"]
    for known in (tag, f"W/{tag}", f'"old", {tag}'):
        again = ask("GET", "/js/script.js", headers={"if-none-match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert ask("GET", "/js/script.js", headers={"if-none-match": '"old"'}).status_code == 200


def test_a_worker_is_live_and_ready(ask: Ask) -> None:
    assert ask("GET", "/health/live").json() == {"status": "live"}
    assert ask("GET", "/health/ready").json() == {"status": "ready"}


def test_a_worker_that_is_not_ready_says_why(ask: Ask, memory_spool: Any, tmp_path: Path) -> None:
    memory_spool.refusal = "the spool has reached spool.max_bytes"
    (tmp_path / "keys").write_text("not a directory")
    answer = ask("GET", "/health/ready")
    assert answer.status_code == 503
    spool_problem, key_problem = answer.json()["problems"]
    assert spool_problem == memory_spool.refusal
    assert "keys" in key_problem
    assert ask("GET", "/health/live").status_code == 200


def test_what_does_not_exist_is_answered_404(ask: Ask) -> None:
    assert ask("GET", "/").status_code == 404
    assert ask("POST", "/api/event/").status_code == 404


def test_an_unexpected_error_is_answered_500_and_told_without_its_message(
    ask: Ask, memory_spool: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(records: object) -> None:
        raise ValueError("alice@example.com")

    memory_spool.append = fail
    answer = post(ask)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (500, "*")
    assert "ValueError" in caplog.text
    assert "test_app.py:" in caplog.text
    assert "alice" not in caplog.text
    assert ask("GET", "/pixel.gif", headers={"referer": "https://example.com/"}).status_code == 500
    assert "alice" not in caplog.text


def test_a_day_key_that_is_gone_is_no_answer_202(ask: Ask, memory_spool: Any, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("not a directory")
    assert post(ask).status_code == 500
    assert memory_spool.records == []


def test_no_request_is_logged(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="footfall")
    for wire in ({}, {"u": ""}, {"d": "alice.example"}, {"d": "shop.example"}):
        post(ask, wire)
    assert [record for record in caplog.records if record.name.startswith("footfall")] == []


def test_the_old_key_is_destroyed_at_midnight_without_any_beacon(
    settings: Settings, memory_spool: Any, day_key: DayKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "DAY_KEY_SECONDS", 0.01)
    now = [NOON]
    app = create_app(settings, memory_spool, day_key, lambda: now[0])

    async def live_through_midnight() -> None:
        async with _lifespan(app):
            await _until(lambda: (tmp_path / "keys" / "2026-03-10.key").exists())
            now[0] += DAY_MS
            await _until(lambda: not (tmp_path / "keys" / "2026-03-10.key").exists())

    asyncio.run(live_through_midnight())


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def _lifespan(app: Any) -> Any:
    """What a server does around the life of an application."""
    to_app: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    from_app: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    running = asyncio.create_task(app({"type": "lifespan", "asgi": {}, "state": {}}, to_app.get, from_app.put))
    await to_app.put({"type": "lifespan.startup"})
    assert (await from_app.get())["type"] == "lifespan.startup.complete"
    yield
    await to_app.put({"type": "lifespan.shutdown"})
    assert (await from_app.get())["type"] == "lifespan.shutdown.complete"
    await running
