"""What is not a person looking: programs that say so, and pages that a browser fetches ahead."""

from __future__ import annotations

import re
from collections.abc import Mapping

# What automated browsers and programs call themselves beyond the crawlers that user-agents knows. CUBOT makes phones.
_PROGRAM = re.compile(
    r"(?<!cu)bot(?:\b|[/_;)])|crawl|spider|slurp|headless|phantomjs|puppeteer|playwright|selenium|webdriver|electron-fetch"
    r"|lighthouse|pagespeed|gtmetrix|pingdom|uptime|monitor(?:ing)?\b|facebookexternalhit|preview"
    r"|\b(?:curl|wget|httpie|libwww|lwp|okhttp|axios|got|node|deno|bun|java|php|perl|ruby|python)\b[-/ ]"
    r"|python-|\bgo-http|httpclient|httpx|aiohttp|urllib|scrapy|guzzle",
    re.IGNORECASE,
)
_AHEAD = ("prefetch", "prerender", "preview")
_AHEAD_HEADERS = (b"sec-purpose", b"purpose", b"x-purpose", b"x-moz")


def is_program(user_agent: str) -> bool:
    """Whether `user_agent` is that of a program; every browser has one, so none at all is a program's, too."""
    return not user_agent.strip() or _PROGRAM.search(user_agent) is not None


def is_fetched_ahead(headers: Mapping[bytes, bytes]) -> bool:
    """Whether the request says that its page was prefetched or prerendered: nobody has seen it yet."""
    for name in _AHEAD_HEADERS:
        value = headers.get(name)
        if value and value.decode("latin-1").lower().startswith(_AHEAD):
            return True
    return False
