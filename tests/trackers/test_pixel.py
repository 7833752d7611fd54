"""The pixel on pages without JavaScript: which markup tells the collector the page, and which only its host."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, BrowserContext, Response

from schema.hit import Kind
from trackers.visit import Visit

WHOLE_REFERRER = 'referrerpolicy="no-referrer-when-downgrade"'
PATH = "/guides/first-walk"


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser whose person has turned JavaScript off."""
    context = chromium.new_context(java_script_enabled=False)
    yield context
    context.close()


def is_pixel(answer: Response) -> bool:
    return "/pixel.gif?" in answer.url


def show(visit: Visit, attributes: str, head: str = "", query: str = "?d=example.com", at: str = PATH) -> int:
    """Load a page with a pixel, and return the status that the image was answered."""
    pixel = f'<noscript><img alt="" {attributes} src="{visit.collector}/pixel.gif{query}"></noscript>'
    with visit.page.expect_response(is_pixel) as answer:
        visit.show(f"<!doctype html><title>A page</title>{head}<body><p>Text.</p>{pixel}", at)
    return answer.value.status


def test_with_its_referrer_policy_it_is_a_pageview_of_the_page(visit: Visit) -> None:
    assert show(visit, WHOLE_REFERRER, at=f"{PATH}?utm_source=letter&q=private") == 200
    (hit,) = visit.hits(1)
    assert (hit.site, hit.kind, hit.path, hit.utm_source) == ("example.com", Kind.PAGEVIEW, PATH, "letter")
    assert (hit.browser, hit.device, hit.country) == ("Chrome", "Desktop", "")


def test_its_policy_stands_above_that_of_the_page(visit: Visit) -> None:
    assert show(visit, WHOLE_REFERRER, head='<meta name="referrer" content="no-referrer">') == 200
    assert [hit.path for hit in visit.hits(1)] == [PATH]


def test_without_the_policy_browsers_tell_only_the_host(visit: Visit) -> None:
    assert show(visit, "") == 200
    assert [hit.path for hit in visit.hits(1)] == ["/"]


def test_a_page_that_names_itself_needs_no_referrer(visit: Visit) -> None:
    query = "?" + urlencode({"d": "example.com", "u": visit.url(PATH), "r": "https://news.example/list"})
    assert show(visit, 'referrerpolicy="no-referrer"', query=query.replace("&", "&amp;")) == 200
    assert [(hit.path, hit.referrer) for hit in visit.hits(1)] == [(PATH, "news.example/list")]


def test_neither_named_nor_referred_to_it_is_of_no_page(visit: Visit) -> None:
    visit.is_refused = True
    assert show(visit, 'referrerpolicy="no-referrer"') == 400
    assert visit.hits(0) == []


def test_a_page_read_again_counts_again(visit: Visit) -> None:
    show(visit, WHOLE_REFERRER)
    with visit.page.expect_response(is_pixel):
        visit.page.reload()
    assert [hit.path for hit in visit.hits(2)] == [PATH, PATH]


def test_with_javascript_nothing_is_counted_twice(visit: Visit, chromium: Browser) -> None:
    scripting = chromium.new_context()
    page = scripting.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    show(visit, WHOLE_REFERRER)
    page.goto(visit.page.url)
    scripting.close()
    assert visit.page.url in asked
    assert not any("pixel" in url for url in asked)
    assert len(visit.hits(1)) == 1
