from collections.abc import Callable
from typing import Any

import httpx
import pytest

from collector.pixel import GIF

Ask = Callable[..., httpx.Response]


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
    [
        ({"referer": "https://example.com/"}, 200, None),
        ({}, 400, None),
        ({"referer": "https://other.example/"}, 400, None),
        ({"referer": "https://example.com/", "sec-gpc": "1"}, 200, "opt_out"),
    ],
)
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
