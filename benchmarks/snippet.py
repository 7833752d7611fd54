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

from playwright.sync_api import Browser, sync_playwright

from benchmarks.measure import Spread

SCRIPTS = ("pageviews", "default", "all")
MOST_MS = 2.0  # the figure to reach
_OURS = ("EvaluateScript", "v8.compile")


class Site(BaseHTTPRequestHandler):
    """A page for each script, the scripts, and somewhere to send beacons to."""

    def do_GET(self) -> None:
        """Answer `/default` with a page that embeds `/js/default.js`."""
        name = self.path.rpartition("/")[2]
        if self.path.startswith("/js/"):
            self._answer("text/javascript", resources.files("collector").joinpath(f"static/{name}").read_bytes())
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


def measure(runs: int) -> str:
    """Load each script `runs` times in a new page; a section of the report."""
    with _served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        found = {name: Spread.of([_load(browser, f"{address}/{name}") for _ in range(runs)]) for name in SCRIPTS}
        version = browser.version
        browser.close()
    rows = "\n".join(
        f"| {name} | {spread.median:.2f} | {spread.low:.2f} | {MOST_MS} |" for name, spread in found.items()
    )
    return (
        f"## The snippet on the main thread\n\nThread time of compiling and running it, in milliseconds, from Chromium"
        f" {version}'s own trace; {runs} loads of a new page each, nothing cached by the engine.\n\n"
        f"| script | median | lowest | at most |\n| --- | ---: | ---: | ---: |\n{rows}"
    )


def _load(browser: Browser, address: str) -> float:
    page = browser.new_page()
    browser.start_tracing(page=page, categories=["devtools.timeline", "v8"])
    with page.expect_request(lambda request: request.method == "POST"):
        page.goto(address)
    events: list[dict[str, Any]] = json.loads(browser.stop_tracing())["traceEvents"]
    page.close()
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
