"""collect, aggregate and dashboard started by themselves: they meet in the spool's directory and in the store."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from support.processes import FIREFOX, Footfall, are_ready, wait_until
from support.server_process import server_process

SECRET = "a secret that both hosts have"


@contextmanager
def part(name: str, directory: Path, **settings: str) -> Iterator[Footfall]:
    """`footfall NAME` in a directory of its own, unless it is another part's; stopped as a supervisor stops it."""
    directory.mkdir(exist_ok=True)
    footfall = Footfall(directory, {"DASHBOARD__SHARE_SECRET": SECRET, **settings}, (name,))
    footfall.launch()
    try:
        yield footfall
        assert footfall.stop() == 0, footfall.log_file.read_text()
    finally:
        if footfall.process is not None and footfall.process.poll() is None:
            footfall.kill_everything()


def test_a_dashboard_on_another_host_shows_what_is_counted_here(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    with (
        server_process(tmp_path / "clickhouse") as server,
        part("collect", here, STORE__URL=server.url) as collect,
        part("dashboard", there, STORE__URL=server.url) as dashboard,
    ):
        wait_until(lambda: are_ready(collect.collector), 60, "the collector is ready")
        wait_until(lambda: _status(dashboard) == 503, 60, "the dashboard says that there are no tables yet")
        told = httpx.get(f"http://{dashboard.dashboard}/health/ready", timeout=10).json()
        assert "has yet to have migration" in told["store"]
        view = {"n": "pageview", "d": "example.com", "u": "https://example.com/"}
        answer = httpx.post(f"http://{collect.collector}/api/event", json=view, headers={"User-Agent": FIREFOX})
        assert answer.status_code == 202
        with part("aggregate", here, STORE__URL=server.url):
            wait_until(lambda: _status(dashboard) == 200, 60, "the dashboard is ready")
            token = dashboard.token()
            question = {"metrics": ["pageviews"]}
            wait_until(lambda: dashboard.query(token, **question)["results"][0]["metrics"] == [1], 60, "it is counted")
        assert not (there / "data" / "archive").exists()
        assert not (there / "data" / "warehouse").exists()


def test_with_the_embedded_store_a_dashboard_elsewhere_says_what_it_needs(tmp_path: Path) -> None:
    run = Footfall(tmp_path).run("dashboard")
    assert run.returncode == 2
    assert "the embedded store can be read only by the process that counts into it" in run.stderr
    assert "store.url = clickhouse://" in run.stderr


def test_with_the_embedded_store_a_dashboard_beside_an_aggregator_says_what_it_needs(tmp_path: Path) -> None:
    with part("aggregate", tmp_path) as aggregate:
        wait_until((aggregate.data_dir / "warehouse" / "footfall.lock").exists, 60, "it owns the store")
        run = Footfall(tmp_path).run("dashboard")
    assert run.returncode == 2
    assert "in use by another Footfall process" in run.stderr
    assert "store.url = clickhouse://" in run.stderr


def test_a_migration_from_the_future_stops_the_aggregator_with_a_sentence(tmp_path: Path) -> None:
    with server_process(tmp_path / "clickhouse") as server:
        footfall = Footfall(tmp_path, {"STORE__URL": server.url})
        assert "applied" in footfall.run("migrate").stdout
        _add_migration(server.url, 9999)
        run = footfall.run("aggregate")
    assert run.returncode == 2
    assert "migration 9999" in run.stderr


def _add_migration(url: str, number: int) -> None:
    from schema.store_server import ServerStore

    store = ServerStore(url)
    store.execute(f"INSERT INTO migrations SELECT {number}, 'later', 0")
    store.close()


def _status(footfall: Footfall) -> int:
    try:
        return httpx.get(f"http://{footfall.dashboard}/health/ready", timeout=10).status_code
    except httpx.TransportError:
        return 0


@pytest.mark.parametrize("command", ["aggregate", "dashboard"])
def test_a_malformed_url_is_one_sentence_without_the_password(command: str, tmp_path: Path) -> None:
    run = Footfall(tmp_path, {"STORE__URL": "clickhouse://u:hunter2@host:port/x"}).run(command)
    assert run.returncode == 2
    assert "store.url" in run.stderr
    assert "hunter2" not in run.stderr
