"""The built-in example site: a few made-up pages with the snippet, served from a thread of the supervisor."""

from __future__ import annotations

import errno
import threading
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import AF_INET, AF_INET6
from socketserver import TCPServer
from string import Template
from urllib.parse import urlsplit

from schema.errors import AddressInUseError, SettingError

FILES = Path(__file__).with_name("example")

HTML = "text/html; charset=utf-8"
ASSETS = {
    "style.css": "text/css; charset=utf-8",
    "site.js": "text/javascript; charset=utf-8",
    "app.js": "text/javascript; charset=utf-8",
    "scenes.svg": "image/svg+xml",
    "icon.svg": "image/svg+xml",
}


@dataclass(frozen=True)
class Page:
    """What is between the layout's header and footer, and the window's title."""

    file: str
    title: str


_PLANNER = Page("app.html", "Planner · Slow Miles")
PAGES = {
    "/": Page("home.html", "Slow Miles, a quarterly of unhurried walks"),
    "/walks/chalk-ridge": Page("chalk-ridge.html", "Along the chalk ridge · Slow Miles"),
    "/walks/three-bridges": Page("three-bridges.html", "Three bridges of the Lenn · Slow Miles"),
    "/walks/salt-marsh": Page("salt-marsh.html", "The salt marsh at dusk · Slow Miles"),
    "/about": Page("about.html", "About · Slow Miles"),
    "/pricing": Page("pricing.html", "Subscribe · Slow Miles"),
    "/app": _PLANNER,  # one page with three views: any of them may be the first to load
    "/app/packing": _PLANNER,
    "/app/daylight": _PLANNER,
}
NOT_FOUND = Page("not-found.html", "Not found · Slow Miles")


class ExampleSite:
    """Serves the example site on `listen` (host:port) from `start` to `stop`."""

    def __init__(self, listen: str, collector_url: str, domain: str, dashboard_url: str) -> None:
        self._listen = listen
        facts = {"collector_url": collector_url, "domain": domain, "dashboard_url": dashboard_url}
        self._contents = _read_contents({name: escape(fact) for name, fact in facts.items()})
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Bind the address and begin to answer, in a daemon thread.

        Raises:
            AddressInUseError: another program listens there.
            SettingError: this machine has no such address, or does not let us listen on it.
        """
        try:
            self._server = _Server(self._listen, self._contents)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise AddressInUseError("example.listen", self._listen) from None
            raise SettingError("example.listen", self._listen, "an address that this machine may listen on") from None
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and free the address; harmless when not started."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._server = self._thread = None

    @property
    def url(self) -> str:
        """Where it is while it runs, with the port that was given for port 0; no slash at the end."""
        assert self._server is not None, "not started"
        return f"http://{self._listen.rpartition(':')[0]}:{self._server.server_address[1]}"


@dataclass(frozen=True)
class _Content:
    status: HTTPStatus
    kind: str
    body: bytes


def _read_contents(facts: dict[str, str]) -> dict[str, _Content]:
    """Return every answer by its path; the one for all other paths is at the empty path."""
    layout = Template((FILES / "layout.html").read_text(encoding="utf-8"))

    def render(page: Page, status: HTTPStatus) -> _Content:
        content = (FILES / page.file).read_text(encoding="utf-8")
        return _Content(status, HTML, layout.substitute(facts, title=escape(page.title), content=content).encode())

    contents = {path: render(page, HTTPStatus.OK) for path, page in PAGES.items()}
    contents[""] = render(NOT_FOUND, HTTPStatus.NOT_FOUND)
    for name, kind in ASSETS.items():
        contents[f"/{name}"] = _Content(HTTPStatus.OK, kind, (FILES / name).read_bytes())
    return contents


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, listen: str, contents: dict[str, _Content]) -> None:
        host, _, port = listen.rpartition(":")
        self.address_family = AF_INET6 if ":" in host else AF_INET
        self.contents = contents
        super().__init__((host.strip("[]"), int(port)), _Handler)

    def server_bind(self) -> None:
        """Bind without HTTPServer's reverse look-up of the address, which may ask a name server."""
        TCPServer.server_bind(self)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        """Answer with the page or asset at the path."""
        self._answer(has_body=True)

    def do_HEAD(self) -> None:
        """Answer without the body."""
        self._answer(has_body=False)

    def log_message(self, format: str, *args: object) -> None:
        """Keep no access log: it would hold addresses."""

    def _answer(self, *, has_body: bool) -> None:
        path = urlsplit(self.path).path.rstrip("/") or "/"
        content = self.server.contents.get(path) or self.server.contents[""]
        self.send_response(content.status)
        self.send_header("Content-Type", content.kind)
        self.send_header("Content-Length", str(len(content.body)))
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if has_body:
            self.wfile.write(content.body)
