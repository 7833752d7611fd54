"""Footfall whose store is a server that is not there yet, killed, or frozen: the collector never notices."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from support.processes import FIREFOX, Footfall, running_footfall, wait_until
from support.server_process import ServerProcess

QUICK = "?timeout=2&connect_timeout=2"


class Pages:
    """Sends pageviews of pages that were never seen before, one after the other, until it is left."""

    def __init__(self, collector: str) -> None:
        self.statuses: list[int] = []
        self._collector = collector
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        with httpx.Client(headers={"User-Agent": FIREFOX}, timeout=30) as client:
            while not self._stop.wait(0.02):  # paces the load; nothing waits for it
                view = {"n": "pageview", "d": "example.com", "u": f"https://example.com/{len(self.statuses)}"}
                answer = client.post(f"http://{self._collector}/api/event", json=view)
                self.statuses.append(answer.status_code)

    def wait_for_more(self, count: int) -> None:
        """Return when so many more have been answered."""
        enough = len(self.statuses) + count
        wait_until(lambda: len(self.statuses) >= enough, 60, "beacons are answered")

    def __enter__(self) -> "Pages":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    (tmp_path / "clickhouse").mkdir()
    server = ServerProcess(tmp_path / "clickhouse")
    yield server
    server.kill()


def views(footfall: Footfall, token: str) -> list[int]:
    """How often each page was viewed, as the dashboard says."""
    question = {"dimensions": ["event:page"], "pagination": {"limit": 10_000, "offset": 0}}
    return [row["metrics"][0] for row in footfall.query(token, metrics=["pageviews"], **question)["results"]]


def assert_each_counted_once(footfall: Footfall, token: str, statuses: list[int]) -> None:
    assert set(statuses) == {202}
    wait_until(footfall.is_ready, 120, "the counts are up to date")
    wait_until(lambda: len(views(footfall, token)) == len(statuses), 60, "all pages are counted")
    assert set(views(footfall, token)) == {1}


def test_everything_starts_without_the_server_and_counts_when_it_comes(tmp_path: Path, server: ServerProcess) -> None:
    footfall = Footfall(tmp_path, {"STORE__URL": server.url + QUICK})
    footfall.launch()
    try:
        wait_until(footfall.collector_is_ready, 60, "the collector answers")
        token = footfall.token()
        ready = wait_until(lambda: _answer(footfall, "/health/ready"), 60, "the dashboard answers")
        assert ready.status_code == 503
        told = json.loads(ready.text)
        assert not told["ready"]
        assert "does not answer" in told["store"]
        page = httpx.get(f"http://{footfall.dashboard}/example.com", cookies={}, headers=bearer(token), timeout=30)
        assert page.status_code == 503
        assert "cannot be read right now" in page.text
        with Pages(footfall.collector) as pages:
            pages.wait_for_more(30)
        assert "the store cannot be opened yet" in footfall.log_file.read_text()
        server.start()
        assert_each_counted_once(footfall, token, pages.statuses)
        assert "the store is open" in footfall.log_file.read_text()
        assert footfall.stop() == 0
    finally:
        if footfall.process is not None and footfall.process.poll() is None:
            footfall.kill_everything()


def test_the_collector_answers_all_while_the_server_is_dead_or_frozen(tmp_path: Path, server: ServerProcess) -> None:
    server.start()
    with running_footfall(tmp_path, STORE__URL=server.url + QUICK) as footfall:
        token = footfall.token()
        with Pages(footfall.collector) as pages:
            pages.wait_for_more(50)
            server.kill()
            wait_until(lambda: not footfall.is_ready(), 60, "it is noticed")
            pages.wait_for_more(50)
            server.start()
            wait_until(footfall.is_ready, 60, "all is well again")
            server.freeze()
            wait_until(lambda: not footfall.is_ready(), 60, "it is noticed")
            pages.wait_for_more(50)
            server.thaw()
            wait_until(footfall.is_ready, 60, "all is well again")
        assert_each_counted_once(footfall, token, pages.statuses)
        log = footfall.log_file.read_text()
        assert "the store takes no counts" in log
        assert "the store takes counts again" in log


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _answer(footfall: Footfall, path: str) -> httpx.Response | None:
    try:
        return httpx.get(f"http://{footfall.dashboard}{path}", timeout=30)
    except httpx.TransportError:
        return None
