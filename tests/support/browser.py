"""A real Chromium for tests, and the loopback servers that a snippet needs around it: pages, and a collector."""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from playwright.sync_api import Browser, sync_playwright

from collector.nameless import name_nameless
from collector.script_sections import make_script
from collector.wire import decode_wire

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP *.test 127.0.0.1",
)
# Headless Chromium calls itself HeadlessChrome, which the collector takes for a program: a test that plays a person
# gives its context this instead. navigator.webdriver stays true; the snippet overlooks it only with data-test.
ORDINARY_USER_AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)

DROPPED = 0  # in place of a status: the connection is closed without an answer
PATIENCE_SECONDS = 20.0


@contextmanager
def launch_chromium(*arguments: str) -> Iterator[Browser]:
    """Drive a headless Chromium until the block ends; hosts that end in .test are this machine, the bfcache is on.

    One at a time in a process, and none while asyncio runs: Playwright's event loop occupies the thread.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[*ARGUMENTS, *arguments],
            ignore_default_args=["--disable-back-forward-cache"],
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def open_undriven(url: str) -> Iterator[None]:
    """Show `url` in a Chromium that no test drives until the block ends: its pages see no automation.

    Only such a browser prerenders pages and has tabs that are really hidden; the pages themselves act, and tell
    their server. They may open tabs without a click.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [CHROMIUM, "--headless", f"--user-data-dir={profile}", "--disable-popup-blocking", *ARGUMENTS, url]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                yield
            finally:
                process.terminate()


@dataclass(frozen=True)
class Answer:
    """What a loopback server says to one request."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class PageServer:
    """Serves `pages` (path without query → HTML) on a free loopback port, as a context manager.

    A path that begins with /gate is answered only once `open_gate` was called for it; every GET is noted.
    """

    def __init__(self, pages: Mapping[str, str] | None = None) -> None:
        self.pages = dict(pages or {})
        self.requests: list[str] = []
        self._changed = threading.Condition()
        self._open_gates: set[str] = set()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def url(self, path: str = "", host: str = "127.0.0.1") -> str:
        """Where `path` is, by the name `host`."""
        return f"http://{host}:{self._server.server_address[1]}{path}"

    def open_gate(self, path: str) -> None:
        """Answer `path` from now on."""
        with self._changed:
            self._open_gates.add(path)
            self._changed.notify_all()

    def wait_for_request(self, path: str) -> None:
        """Return once `path` (query included) was asked for."""
        with self._changed:
            assert self._changed.wait_for(lambda: path in self.requests, PATIENCE_SECONDS), self.requests

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Decide the answer to a request; header names are in lower case."""
        with self._changed:
            self.requests.append(path)
            self._changed.notify_all()
            if path.startswith("/gate"):
                self._changed.wait_for(lambda: path in self._open_gates, PATIENCE_SECONDS)
                return Answer(204)
        html = self.pages.get(path.partition("?")[0])
        return Answer(404) if html is None else Answer(200, html.encode(), {"Content-Type": "text/html"})


@dataclass(frozen=True)
class RecordedBeacon:
    """One POST: its completed JSON, where it went, its headers in lower case, and the status it was answered."""

    fields: dict[str, Any]
    path: str
    headers: Mapping[str, str]
    status: int


def read_fields(body: str | bytes) -> dict[str, Any]:
    """Return a beacon's JSON; where the snippet left out the name, with the name and properties that it stands for."""
    fields: dict[str, Any] = json.loads(body)
    if "n" not in fields and "name" not in fields:
        name, props = name_nameless(decode_wire(body if isinstance(body, bytes) else body.encode()))
        fields = {key: value for key, value in fields.items() if key not in ("o", "f", "s")}
        fields |= {"n": name} | ({"p": props} if props else {})
    return fields


class RecordingCollector(PageServer):
    """Serves the built snippet as the real one does, and keeps every beacon in `beacons`.

    It sets cookies, to see that none is kept.

    `next_statuses` are the answers to the coming beacons (DROPPED for none at all), then it is 202 again.
    """

    def __init__(self, pages: Mapping[str, str] | None = None) -> None:
        super().__init__(pages)
        self.beacons: list[RecordedBeacon] = []
        self.preflights = 0
        self.next_statuses: deque[int] = deque()
        self._is_holding = False

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Leave beacons unanswered until the block ends."""
        self._set_holding(True)
        try:
            yield
        finally:
            self._set_holding(False)

    def wait_for(self, count: int) -> list[RecordedBeacon]:
        """Return the beacons once there are `count` of them."""
        with self._changed:
            arrived = self._changed.wait_for(lambda: len(self.beacons) >= count, PATIENCE_SECONDS)
            assert arrived, f"{count} beacons expected: {[beacon.fields for beacon in self.beacons]}"
            return list(self.beacons)

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Record a beacon, serve the script or a page, allow what a browser asks to be allowed."""
        if method == "POST":
            return self._record(path, headers, body)
        if method == "OPTIONS":
            self.preflights += 1
            return Answer(204, b"", {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*"})
        if path.startswith("/js/script.") and path.endswith(".js"):
            script = make_script(tuple(path.split(".")[1:-1]) or ("default",))
            assert script is not None, path
            headers = {"Content-Type": "text/javascript", "Access-Control-Allow-Origin": "*"}
            return Answer(200, script.content, headers)
        return super().answer(method, path, headers, body)

    def _record(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        with self._changed:
            status = self.next_statuses.popleft() if self.next_statuses else 202
            self.beacons.append(RecordedBeacon(read_fields(body), path, headers, status))
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._is_holding, PATIENCE_SECONDS)
        return Answer(status, b"ok", {"Access-Control-Allow-Origin": "*", "Set-Cookie": "kept=1; Path=/"})

    def _set_holding(self, is_holding: bool) -> None:
        with self._changed:
            self._is_holding = is_holding
            self._changed.notify_all()


class _Server(ThreadingHTTPServer):
    owner: PageServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Browsers drop connections as they please."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._respond()

    def do_POST(self) -> None:
        self._respond()

    def do_OPTIONS(self) -> None:
        self._respond()

    def _respond(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.owner.answer(self.command, self.path, headers, body)
        if answer.status == DROPPED:
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)
