from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from collector.day_key import DayKey
from schema.hit import Hit, RejectedHit, Rejection
from schema.settings import CollectorSettings, Settings
from support.hits import at

NOON = at("12:00")
PAGEVIEW = {"n": "pageview", "d": "example.com", "u": "https://example.com/a"}
Ask = Callable[..., httpx.Response]


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


@pytest.mark.parametrize("request_line", [("POST", "/api/event"), ("GET", "/pixel.gif?u=https://example.com/")])
def test_without_a_day_key_nothing_is_taken_and_the_browser_may_try_again(
    ask: Ask, memory_spool: Any, day_key: DayKey, tmp_path: Path, request_line: tuple[str, str]
) -> None:
    (tmp_path / "keys").touch()  # in the place of the directory
    answer = ask(*request_line, json=PAGEVIEW)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert memory_spool.records == []


def test_a_beacon_above_the_rate_is_answered_429_and_noted(ask: Ask, memory_spool: Any, settings: Settings) -> None:
    for _ in range(settings.collector.visitor_rate):
        assert post(ask).status_code == 202
    answer = post(ask)
    assert (answer.status_code, answer.headers["x-footfall-rejected"]) == (429, "rate_limit")
    assert answer.headers["retry-after"] == "60"
    assert memory_spool.records[-1] == RejectedHit("example.com", NOON, Rejection.RATE_LIMIT)
    assert ask("GET", "/pixel.gif?d=example.com&u=https://example.com/").status_code == 429


def test_a_beacon_above_the_rate_for_one_of_its_sites_still_counts_for_the_other(
    ask: Ask, memory_spool: Any, settings: Settings
) -> None:
    for _ in range(settings.collector.visitor_rate):
        post(ask)
    answer = post(ask, {"d": "example.com,shop.example", "u": "https://shop.example/"})
    assert (answer.status_code, answer.headers["x-footfall-rejected"]) == (202, "rate_limit")
    assert [type(record) for record in memory_spool.records[-2:]] == [RejectedHit, Hit]


def test_of_what_is_for_no_site_no_more_is_noted_than_a_site_may_have(
    settings: Settings, memory_spool: Any, ask_with: Callable[[Settings], Ask]
) -> None:
    """Else a stranger could fill the spool with what nobody will ever look at."""
    few = replace(settings, collector=replace(settings.collector, site_rate=2))
    ask = ask_with(few)
    nameless = [{"u": ""}, {"d": "alice.example"}, {"u": ""}, {"d": "bob.example"}]
    statuses = [post(ask, wire).status_code for wire in nameless]
    assert statuses == [400, 400, 429, 429]
    assert [record.reason for record in memory_spool.records] == [Rejection.MALFORMED, Rejection.UNKNOWN_SITE]
    assert post(ask).status_code == 202
