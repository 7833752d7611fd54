"""A visit to a site with a tracker: its pages, what the browser sends, and what the spool then holds of it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Request, Response

from schema.hit import Hit, Record, decode_records
from schema.spool_format import decode_header, scan_frames
from support.browser import Answer, PageServer
from support.processes import Footfall, wait_until

_numbers = itertools.count(1)


class TrackerSite(PageServer):
    """Answers every path with the same page, and /node_modules/ with the packages there."""

    def __init__(self, packages: Path) -> None:
        super().__init__()
        self.html = ""
        self._packages = packages

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Serve a module as bundlers find it, with or without `.js` at its end."""
        path = path.partition("?")[0]
        if path.startswith("/node_modules/"):
            file = self._packages / path.removeprefix("/node_modules/")
            content = (file if file.is_file() else file.with_name(f"{file.name}.js")).read_bytes()
            return Answer(200, content, {"Content-Type": "text/javascript"})
        return Answer(204) if path == "/favicon.ico" else Answer(200, self.html.encode(), {"Content-Type": "text/html"})


@dataclass
class Visit:
    """One tab on a host of its own, by which its hits are told from those of other visits."""

    page: Page
    site: TrackerSite
    footfall: Footfall
    collector: str = ""  # its origin
    host: str = field(default_factory=lambda: f"site-{next(_numbers)}.test")
    sent: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    is_refused: bool = False

    def __post_init__(self) -> None:
        self.collector = f"http://{self.footfall.collector}"
        self.page.on("request", self._note_request)
        self.page.on("response", self._note_response)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, module: str, path: str = "/", body: str = "<h1>A page</h1>") -> None:
        """Load a page whose script is `module`; COLLECTOR in it is the collector's address."""
        script = module.replace("COLLECTOR", json.dumps(self.collector))
        self.show(f"<!doctype html><title>A page</title><script type=module>{script}</script>{body}", path)

    def show(self, html: str, path: str = "/") -> None:
        """Load the page `html`."""
        self.site.html = html
        self.page.goto(self.url(path))

    def url(self, path: str) -> str:
        """Where `path` is on the visit's own host."""
        return self.site.url(path, self.host)

    def name_collector(self) -> None:
        """Reach the collector by a name: as on any plain connection but to this machine, no client hints are sent then,
        in which a headless Chromium that leaves a page says what it is."""
        self.collector = f"http://collector.test:{self.footfall.collector.rpartition(':')[2]}"

    def run(self, script: str) -> Any:
        """Run JavaScript in the page and return what it returns, awaited."""
        return self.page.evaluate(script)

    def hits(self, count: int) -> list[Hit]:
        """Return the visit's hits in the order of their receipt, once there are `count` of them."""
        wait_until(lambda: self.is_answered() and len(self._hits()) >= count, what=f"{count} hits of {self.sent}")
        hits = self._hits()
        assert len(hits) == count, hits
        return hits

    def pages_kept(self) -> list[str]:
        """Return the path of every hit in the spool, whichever its host."""
        records = records_in(self.footfall.data_dir / "spool")
        return [record.path for record in records if isinstance(record, Hit)]

    def is_answered(self) -> bool:
        """Whether everything that was sent until now has its answer."""
        self.page.wait_for_timeout(5)  # the turn of Playwright's events
        return len(self.statuses) == len(self.sent)

    def _hits(self) -> list[Hit]:
        records = records_in(self.footfall.data_dir / "spool")
        return [record for record in records if isinstance(record, Hit) and record.hostname == self.host]

    def _note_request(self, request: Request) -> None:
        if request.url == f"{self.collector}/api/event" and request.method == "POST":
            self.sent.append(json.loads(request.post_data or ""))

    def _note_response(self, response: Response) -> None:
        if response.url == f"{self.collector}/api/event":
            self.statuses.append(response.status)


def records_in(spool_dir: Path) -> list[Record]:
    """All records of the spool, in the order of their receipt."""
    records: list[Record] = []
    for path in spool_dir.glob("2*/*.[os]*"):
        try:
            content = path.read_bytes()
        except FileNotFoundError:  # sealed, and so renamed, since it was listed: its next name has it
            return records_in(spool_dir)
        for payload in scan_frames(content, decode_header(content).segment_id).payloads:
            records += decode_records(payload)
    return sorted(records, key=lambda record: record.at)
