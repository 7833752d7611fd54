"""How much of a page's main thread does loading the snippet take?"""

from __future__ import annotations

import contextlib
import json
import statistics
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import Any

from benchmarks.piped_chromium import PipedChromium, piped_chromium

_SEND = "fetch(new URL('/api/event', location), {method: 'POST', body: '{}', keepalive: true, credentials: 'omit'});"
_ASK = (
    "navigator.webdriver; location.hostname; document.referrer; document.hasFocus(); performance.now(); screen.width;"
    "localStorage.nothing; window.Temporal?.Now.timeZoneId(); addEventListener('click', Object);"
    "navigation.addEventListener('currententrychange', Object);"
)
YARDSTICKS = {"empty": b"1", "fetch": _SEND.encode(), "calls": (_ASK + _SEND).encode()}
SCRIPTS = (*YARDSTICKS, "pageviews", "default", "all")
MOST_MS = 2.0  # the figure to reach
_PATIENCE_SECONDS = 60
_OURS = ("EvaluateScript", "v8.compile", "FunctionCall")
_CATEGORIES = ("devtools.timeline", "blink.user_timing")
_OVER = "over"  # a mark in the trace: what comes later belongs to leaving the page
_PAGE = """<!doctype html><title>A page</title>
<script defer data-domain="shop.test" data-test src="/js/{name}.js?{visit}"></script>
<script>onload = () => setTimeout(() => {{ performance.mark("over{load}"); {then} }}, 150)</script><p>Text</p>"""


class Site(BaseHTTPRequestHandler):
    """A page for each script, which goes on to itself once, the scripts, and somewhere to send beacons to."""

    is_done = threading.Event()

    def do_GET(self) -> None:
        """Answer `/default` with a page that embeds `/js/default.js`."""
        path, _, query = self.path.partition("?")
        name = path.rpartition("/")[2]
        if path.startswith("/js/"):
            self._answer("text/javascript", _script(name.removesuffix(".js")))
        elif path == "/done":
            self._answer("text/plain", b"ok")
            self.is_done.set()
        else:
            load = int(query or 0)  # the numbers of new tabs are even
            then = "fetch('/done')" if load % 2 else f"location.search = {load + 1}"
            self._answer("text/html", _PAGE.format(name=name, visit=load // 2, load=load, then=then).encode())

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
    with _served() as address, piped_chromium() as browser:
        browser.trace(_CATEGORIES)
        visits = [name for _ in range(runs) for name in SCRIPTS]  # in turns: a busy moment meets all of them
        for number, name in enumerate(visits):
            _visit(browser, f"{address}/{name}?{2 * number}")
        version, events = browser.version, sorted(browser.traced(), key=lambda event: event["ts"])
    for number, name in enumerate(visits):
        found[name].append([_main_thread_ms(events, load) for load in (2 * number, 2 * number + 1)])
    rows = "\n".join(
        f"| {name} | {' | '.join(_spread(loads) for loads in zip(*visits, strict=True))} | {MOST_MS} |"
        for name, visits in found.items()
    )
    return (
        "## The snippet on the main thread\n\nProcessor time of the main thread, in milliseconds, from the trace of"
        f" Chromium {version}: compiling and running the script, and whatever of it is called until 0.15 s"
        f" after the load; medians of {runs} rounds, with the middle half of them. In a new tab, which has a process of"
        " its own, all that a script touches is made for the first time. `empty` is a script of one character: what the"
        " trace and any script cost. `fetch` sends a beacon and nothing else. `calls` asks the browser what the default"
        " script has to ask, once each, and sends: what does the same can hardly take less.\n\n"
        f"| script | in a new tab | the next page | at most |\n| --- | ---: | ---: | ---: |\n{rows}"
    )


def _spread(loads: tuple[float, ...]) -> str:
    low, middle, high = statistics.quantiles(loads, n=4)
    return f"{middle:.2f} ({low:.2f}–{high:.2f})"


def _visit(browser: PipedChromium, address: str) -> None:
    """Open a new tab, which goes on to the same page, and close it."""
    Site.is_done.clear()
    tab = browser.call("Target.createTarget", url=address)["targetId"]
    if not Site.is_done.wait(_PATIENCE_SECONDS):
        raise RuntimeError("the page did not load twice")
    browser.call("Target.closeTarget", targetId=tab)


def _main_thread_ms(events: Sequence[dict[str, Any]], load: int) -> float:
    """Add up what the script of this load took before it was over, each moment once.

    Both loads of a visit have one address, as the script of a site has.
    """
    ends = {event["name"]: event["ts"] for event in events if event["name"].startswith(_OVER)}
    over, end = ends[f"{_OVER}{load}"], ends[f"{_OVER}{load - 1}"] if load % 2 else 0
    total = 0.0
    for event in events:
        is_ours = event["name"] in _OURS and f'.js?{load // 2}"' in json.dumps(event.get("args", {}))
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
