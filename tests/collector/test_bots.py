import pytest

from collector.bots import is_fetched_ahead, is_program
from support.processes import FIREFOX


@pytest.mark.parametrize(
    "user_agent",
    [
        "",
        " ",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/141.0 Safari/537.36",
        "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
        "Mozilla/5.0 (compatible; YandexBot/3.0)",
        "Mozilla/5.0 (Windows NT 10.0) PhantomJS/2.1.1",
        "facebookexternalhit/1.1",
        "curl/8.5.0",
        "Wget/1.21",
        "python-requests/2.32",
        "python-httpx/0.28.1",
        "Python/3.11 aiohttp/3.9",
        "Go-http-client/2.0",
        "okhttp/4.12",
        "axios/1.7",
        "node/22 fetch",
        "Apache-HttpClient/4.5",
        "Chrome-Lighthouse",
        "Pingdom.com_bot_version_1.4",
    ],
)
def test_a_program_says_so(user_agent: str) -> None:
    assert is_program(user_agent)


@pytest.mark.parametrize(
    "user_agent",
    [
        FIREFOX,
        "Mozilla/5.0 (Linux; Android 11; CUBOT X50) AppleWebKit/537.36 Chrome/120.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Linux; Android 11; CUBOT_NOTE_20) AppleWebKit/537.36 Chrome/120.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Instagram 300.0",
    ],
)
def test_a_browser_is_no_program(user_agent: str) -> None:
    assert not is_program(user_agent)


@pytest.mark.parametrize(
    "headers",
    [
        {b"sec-purpose": b"prefetch"},
        {b"sec-purpose": b"prefetch;prerender"},
        {b"purpose": b"prefetch"},
        {b"x-purpose": b"preview"},
        {b"x-moz": b"Prefetch"},
    ],
)
def test_a_page_fetched_ahead_is_told_by_its_headers(headers: dict[bytes, bytes]) -> None:
    assert is_fetched_ahead(headers)


@pytest.mark.parametrize("headers", [{}, {b"sec-purpose": b""}, {b"purpose": b"\xff"}, {b"x-moz": b"none"}])
def test_any_other_page_is_looked_at(headers: dict[bytes, bytes]) -> None:
    assert not is_fetched_ahead(headers)
