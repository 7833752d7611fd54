"""How much of a page's main thread does loading the snippet take?"""

from __future__ import annotations

import contextlib
import json
import shutil
import statistics
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

_SEND = "fetch(new URL('/api/event', location), {method: 'POST', body: '{}', keepalive: true, credentials: 'omit'});"
_ASK = (
    "navigator.webdriver; location.hostname; document.referrer; document.hasFocus(); performance.now(); screen.width;"
    "localStorage.nothing; window.Temporal?.Now.timeZoneId(); addEventListener('click', Object);"
    "navigation.addEventListener('currententrychange', Object);"
)
YARDSTICKS = {"empty": b"1", "fetch": _SEND.encode(), "calls": (_ASK + _SEND).encode()}
SCRIPTS = (*YARDSTICKS, "pageviews", "default", "all")
MOST_MS = 2.0  # the figure to reach
_OURS = ("EvaluateScript", "v8.compile", "FunctionCall")
_OVER = "over"  # a mark in the trace: what comes later belongs to leaving the page
_SETTLE = f"() => new Promise((done) => setTimeout(() => done(performance.mark('{_OVER}')), 100))"


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
    found: dict[str, list[list[float]]] = {name: [] for name in SCRIPTS}
    with _served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for _ in range(runs):
            for name in SCRIPTS:  # in turns, so that a busy moment of the machine meets all of them
                found[name].append(_visit(browser, f"{address}/{name}"))
        version = browser.version
        browser.close()
    rows = "\n".join(
        f"| {name} | {' | '.join(_spread(loads) for loads in zip(*visits, strict=True))} | {MOST_MS} |"
        for name, visits in found.items()
    )
    return (
        "## The snippet on the main thread\n\nProcessor time of the main thread, in milliseconds, from the trace of"
        f" Chromium {version}: compiling and running the script, and whatever of it is called until a tenth of a second"
        f" after the load; medians of {runs} rounds, with the middle half of them. In a new tab, which has a process of"
        " its own, all that a script touches is made for the first time. `empty` is a script of one character: what the"
        " trace and any script cost. `fetch` sends a beacon and nothing else. `calls` asks the browser what the default"
        " script has to ask, once each, and sends: what does the same can hardly take less.\n\n"
        f"| script | in a new tab | the next page | at most |\n| --- | ---: | ---: | ---: |\n{rows}"
    )


def _spread(loads: tuple[float, ...]) -> str:
    low, middle, high = statistics.quantiles(loads, n=4)
    return f"{middle:.2f} ({low:.2f}–{high:.2f})"


def _visit(browser: Browser, address: str) -> list[float]:
    page = browser.new_page()
    loads = [_load(browser, page, each) for each in (address, f"{address}?")]
    page.close()
    return loads


def _load(browser: Browser, page: Page, address: str) -> float:
    browser.start_tracing(page=page, categories=["devtools.timeline", "v8", "blink.user_timing"])
    page.goto(address)
    page.evaluate(_SETTLE)
    events: list[dict[str, Any]] = json.loads(browser.stop_tracing())["traceEvents"]
    over = next(event["ts"] for event in events if event["name"] == _OVER)
    total, end = 0.0, 0
    for event in sorted(events, key=lambda event: event["ts"]):
        is_ours = event["name"] in _OURS and "/js/" in json.dumps(event.get("args", {}))
        is_leaving = not total and event["name"] == "FunctionCall"  # the page before, which tells how it was read
        if is_ours and not is_leaving and end <= event["ts"] < over:  # and not within one that is counted
            total += event.get("tdur", 0) / 1000
            end = event["ts"] + event.get("dur", 0)
    return total


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
