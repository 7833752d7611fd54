"""`footfall grant-sql`, and Footfall run as the users that it prints."""

import re
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from support.processes import FIREFOX, Footfall, running_footfall, wait_until
from support.server_process import server_process

URL = re.compile(r"^-- (?P<key>.+?): (?P<url>clickhouse://\S+)$", re.MULTILINE)
MIGRATE, WRITE, READ = "store.url for `footfall migrate`", "store.url", "store.read_url"


def printed(directory: Path, url: str, *arguments: str) -> tuple[str, Mapping[str, str]]:
    """What goes to the server, and what goes into the settings."""
    run = Footfall(directory, {"STORE__URL": url}).run("grant-sql", *arguments)
    assert run.returncode == 0, run.stderr
    return run.stdout, {found["key"]: found["url"] for found in URL.finditer(run.stderr)}


def test_footfall_runs_as_the_users_that_it_prints(tmp_path: Path) -> None:
    text, _ = printed(tmp_path, "clickhouse://127.0.0.1:9000/footfall", "--for", "18")
    with server_process(tmp_path / "clickhouse", text, url=_as(text, "footfall_migrate", "{port}")) as server:
        urls = {role: _as(text, f"footfall_{role}", str(server.port)) for role in ("migrate", "write", "read")}
        assert Footfall(tmp_path, {"STORE__URL": urls["migrate"]}).run("migrate").returncode == 0
        with running_footfall(tmp_path, STORE__URL=urls["write"], STORE__READ_URL=urls["read"]) as footfall:
            send(footfall)
            token = footfall.token()
            wait_until(lambda: footfall.query(token, metrics=["pageviews"])["results"][0]["metrics"] == [1])
            assert footfall.stop() == 0
        wrong = urls["read"].replace("footfall_read:", "footfall_read:wrong")
        footfall = Footfall(tmp_path, {"STORE__URL": urls["write"], "STORE__READ_URL": wrong})
        footfall.launch()
        try:
            wait_until(footfall.collector_is_ready, 60, "the collector is ready")
            told = wait_until(lambda: _ready(footfall), 60, "the dashboard answers")
            assert told.status_code == 503
            send(footfall)
        finally:
            footfall.kill_everything()
        assert "wrong" not in footfall.log_file.read_text()


@pytest.mark.parametrize("version", ["24.8", "26.9"])
def test_for_a_supported_server_it_is_sql_and_each_password_is_in_its_url(version: str, tmp_path: Path) -> None:
    text, urls = printed(tmp_path, "clickhouse://admin:x@db.example:9440/web?secure=1", "--for", version, "--node", "3")
    assert all(line.endswith(";") for line in text.splitlines())
    assert "ON web.live_3_a_visits TO footfall_write" in text
    assert "live_1_" not in text
    for key, user in ((MIGRATE, "footfall_migrate"), (WRITE, "footfall_write"), (READ, "footfall_read")):
        password = urls[key].removeprefix(f"clickhouse://{user}:").partition("@")[0]
        assert f"CREATE USER IF NOT EXISTS {user} IDENTIFIED WITH sha256_password BY '{password}';" in text
        assert urls[key].endswith("@db.example:9440/web?secure=1")
    assert "admin" not in text


def test_every_run_prints_other_passwords(tmp_path: Path) -> None:
    first, second = (printed(tmp_path, "clickhouse://db/web", "--for", "24")[1][READ] for _ in range(2))
    assert first != second


def test_a_server_without_sql_users_is_told_apart(tmp_path: Path) -> None:
    with server_process(tmp_path / "clickhouse") as server:
        text, _ = printed(tmp_path, server.url)
        assert text.startswith("<?xml")
        run = Footfall(tmp_path, {"STORE__URL": server.url}).run("grant-sql", "--apply")
    assert run.returncode == 2
    assert "users.xml" in run.stderr


@pytest.mark.parametrize(
    ("url", "arguments", "word"), [("chdb:", [], "store.url"), ("clickhouse://db", ["new"], "--for")]
)
def test_what_cannot_be_is_one_sentence(url: str, arguments: list[str], word: str, tmp_path: Path) -> None:
    run = Footfall(tmp_path, {"STORE__URL": url}).run("grant-sql", *(f"--for={one}" for one in arguments))
    assert run.returncode == 2
    assert word in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1


def send(footfall: Footfall) -> None:
    view = {"n": "pageview", "d": "example.com", "u": "https://example.com/"}
    url = f"http://{footfall.collector}/api/event"
    assert httpx.post(url, json=view, headers={"User-Agent": FIREFOX}, timeout=30).status_code == 202


def _as(users_xml: str, user: str, port: str) -> str:
    found = re.search(rf"<{user}>\s*<password>(.+?)</password>", users_xml)
    assert found
    return f"clickhouse://{user}:{found[1]}@127.0.0.1:{port}/footfall"


def _ready(footfall: Footfall) -> httpx.Response | None:
    try:
        return httpx.get(f"http://{footfall.dashboard}/health/ready", timeout=30)
    except httpx.TransportError:
        return None
