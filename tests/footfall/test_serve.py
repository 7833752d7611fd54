"""`footfall serve` as a person meets it: what it says, how it stops, what it says when it cannot start."""

import os
import re
import signal
import socket
from pathlib import Path

import httpx
import pytest

from schema.fence import raise_fence
from schema.migrate import available
from support.processes import FIREFOX, Footfall, running_footfall, wait_until


def send_pageview(footfall: Footfall, path: str = "/") -> httpx.Response:
    return httpx.post(
        f"http://{footfall.collector}/api/event",
        json={"n": "pageview", "d": "example.com", "u": f"https://example.com{path}"},
        headers={"User-Agent": FIREFOX},
        timeout=10,
    )


def pageviews(footfall: Footfall, token: str) -> int:
    return int(footfall.query(token, metrics=["pageviews"])["results"][0]["metrics"][0])


def test_it_says_what_to_do_stops_cleanly_and_goes_on(tmp_path: Path) -> None:
    with running_footfall(tmp_path, "serve", "--example") as footfall:
        said = wait_until(lambda: "Ctrl-C" in footfall.log_file.read_text() and footfall.log_file.read_text())
        assert f'<script defer data-domain="example.com" src="http://{footfall.collector}/js/script.js">' in said
        link = re.search(r"http://\S+/login\?token=\S+", said)
        assert link
        assert httpx.get(link[0]).status_code in (302, 303)
        assert "data-domain" in httpx.get(f"http://{footfall.example}/").text
        assert send_pageview(footfall).status_code == 202
        token = footfall.token()
        wait_until(lambda: pageviews(footfall, token) == 1, 10, "the click is on the dashboard within 10 seconds")
        assert footfall.stop() == 0
        assert not list(footfall.data_dir.glob("spool/*/*.open"))
        footfall.start()
        assert send_pageview(footfall).status_code == 202
        wait_until(lambda: pageviews(footfall, token) == 2, what="the count goes on")


def test_sigterm_stops_it_as_cleanly_as_ctrl_c(tmp_path: Path) -> None:
    with running_footfall(tmp_path) as footfall:
        assert footfall.stop(signal.SIGTERM) == 0


def run_once(footfall: Footfall, *arguments: str) -> str:
    """Run it when it cannot start; it must say one sentence and exit with 2."""
    run = footfall.run(*arguments)
    assert run.returncode == 2, run.stderr
    assert len(run.stderr.strip().splitlines()) == 1, run.stderr
    return run.stderr


@pytest.mark.parametrize("section", ["collector", "dashboard", "example"])
def test_a_taken_port_is_one_sentence(section: str, tmp_path: Path) -> None:
    footfall = Footfall(tmp_path)
    address = getattr(footfall, section)
    with socket.create_server(("127.0.0.1", int(address.rpartition(":")[2]))):
        said = run_once(footfall, "serve", "--example")
    assert address in said
    assert f"{section}.listen" in said


def test_a_data_directory_in_use_is_one_sentence(tmp_path: Path) -> None:
    with running_footfall(tmp_path) as footfall:
        second = Footfall(tmp_path)
        assert str(footfall.data_dir) in run_once(second, "serve")
        assert "in use" in run_once(second, "aggregate")


def test_a_clock_days_behind_what_was_counted_is_one_sentence(tmp_path: Path) -> None:
    footfall = Footfall(tmp_path)
    footfall.data_dir.joinpath("spool").mkdir(parents=True)
    raise_fence(footfall.data_dir / "spool", 4_102_444_800_000)  # the year 2100
    assert "2100-01-01" in run_once(footfall, "serve")


def test_a_wrong_setting_is_one_sentence(tmp_path: Path) -> None:
    said = run_once(Footfall(tmp_path, {"COLLECTOR__WORKERS": "many"}), "serve")
    assert "collector.workers" in said
    assert "many" in said
    assert "whole number" in said


def test_a_part_that_falls_over_is_started_again(tmp_path: Path) -> None:
    with running_footfall(tmp_path) as footfall:
        before = footfall.children()
        worker = next(process for process, command in before.items() if " worker " in command)
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: len(set(footfall.children()) - set(before)) == 1, what="a new worker is there")
        assert send_pageview(footfall).status_code == 202


def test_a_request_that_never_ends_does_not_keep_it_from_stopping(tmp_path: Path) -> None:
    with running_footfall(tmp_path) as footfall:
        host, _, port = footfall.dashboard.rpartition(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(b"POST /api/v2/query HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
            assert footfall.stop() == 0
        assert "was killed" not in footfall.log_file.read_text()


def test_if_the_dashboard_cannot_start_the_store_process_does_not_go_on_without_it(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "secret").write_bytes(b"\xff not a text")
    footfall = Footfall(tmp_path)
    footfall.launch()
    try:
        wait_until(
            lambda: "the store process ended" in footfall.log_file.read_text(), what="it ends and is started again"
        )
    finally:
        footfall.kill_everything()


def test_children_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    with running_footfall(tmp_path) as footfall:
        children = footfall.children()
        assert footfall.process is not None
        os.kill(footfall.process.pid, signal.SIGKILL)
        footfall.process.wait()
        wait_until(lambda: not any(Path(f"/proc/{child}").exists() for child in children), what="no child is left")


@pytest.mark.parametrize(
    "command", ["serve", "collect", "aggregate", "dashboard", "token", "demo", "check-settings", "migrate"]
)
def test_every_command_explains_itself(command: str, tmp_path: Path) -> None:
    run = Footfall(tmp_path).run(command, "--help")
    assert run.returncode == 0
    assert "--config" in run.stdout


def test_check_settings_prints_them_without_secrets(tmp_path: Path) -> None:
    run = Footfall(tmp_path, {"DASHBOARD__SHARE_SECRET": "a-long-enough-secret"}).run("check-settings")
    assert run.returncode == 0
    assert "segment_seconds = 1" in run.stdout
    assert "a-long-enough-secret" not in run.stdout


def test_a_token_for_an_unknown_site_is_refused(tmp_path: Path) -> None:
    assert "--site" in run_once(Footfall(tmp_path), "token", "--site", "other.org")


def test_migrate_shows_first_and_then_does(tmp_path: Path) -> None:
    footfall = Footfall(tmp_path)
    shown = footfall.run("migrate", "--dry-run").stdout
    assert "CREATE TABLE IF NOT EXISTS pageviews" in shown
    assert f"{len(available())} pending." in shown
    assert f"{len(available())} applied." in footfall.run("migrate").stdout
    assert "0 pending." in footfall.run("migrate", "--dry-run").stdout
