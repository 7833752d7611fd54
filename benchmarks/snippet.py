"""How much of a page's main thread does loading the snippet take?"""

from __future__ import annotations

import contextlib
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.measure import Spread

YARDSTICKS = {"empty": b"1", "fetch": b"fetch('/api/event', {method: 'POST', body: '{}', keepalive: true})"}
SCRIPTS = (*YARDSTICKS, "pageviews", "default", "all")
MOST_MS = 2.0  # the figure to reach
_OURS = ("EvaluateScript", "v8.compile")


class Site(BaseHTTPRequestHandler):
    """A page for each script, the scripts, and somewhere to send beacons to."""

    def do_GET(self) -> None:
        """Answer `/default` with a page that embeds `/js/default.js`."""
        name = self.path.rpartition("/")[2].removesuffix("?")
        if self.path.startswith("/js/"):
            self._answer("text/javascript", _script(name.removesuffix(".js")))
        else:
            tag = f'<script defer data-domain="shop.test" data-test src="/js/{name}.js"></script>'
            self._answer("text/html", f"<!doctype html><title>A page</title>{tag}<p>Text</p>".encode())

    def do_POST(self) -> None:
        """Take a beacon."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer("text/plain", b"ok")

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, kind: str, content: bytes) -> None:
        with contextlib.suppress(BrokenPipeError):  # the page is closed before its beacon is answered
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)


def _script(name: str) -> bytes:
    return YARDSTICKS.get(name) or resources.files("collector").joinpath(f"static/{name}.js").read_bytes()


def measure(runs: int) -> str:
    """Load each script `runs` times in a new tab, and again in the same; a section of the report."""
    with _served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        found = {name: [_visit(browser, f"{address}/{name}") for _ in range(runs)] for name in SCRIPTS}
        version = browser.version
        browser.close()
    rows = "\n".join(
        f"| {name} | {Spread.of([first for first, _ in loads]).median:.2f} |"
        f" {Spread.of([second for _, second in loads]).median:.2f} | {MOST_MS} |"
        for name, loads in found.items()
    )
    return (
        f"## The snippet on the main thread\n\nThread time of compiling and running it, in milliseconds, from Chromium"
        f" {version}'s own trace, which takes time itself; medians of {runs}. In a new tab all that a script touches is"
        " made for the first time; `empty` is a script of one character, `fetch` sends a beacon and nothing else.\n\n"
        f"| script | in a new tab | the next page | at most |\n| --- | ---: | ---: | ---: |\n{rows}"
    )


def _visit(browser: Browser, address: str) -> tuple[float, float]:
    page = browser.new_page()
    first, second = _load(browser, page, address), _load(browser, page, f"{address}?")
    page.close()
    return first, second


def _load(browser: Browser, page: Page, address: str) -> float:
    browser.start_tracing(page=page, categories=["devtools.timeline", "v8"])
    page.goto(address, wait_until="networkidle")
    events: list[dict[str, Any]] = json.loads(browser.stop_tracing())["traceEvents"]
    ours = (event for event in events if event["name"] in _OURS and "/js/" in json.dumps(event.get("args", {})))
    return float(sum(event.get("tdur", 0) for event in ours)) / 1000


@contextmanager
def _served() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
