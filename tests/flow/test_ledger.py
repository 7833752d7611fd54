"""The ledger over real processes, asked as a user asks: nothing differs, whatever comes in and whoever is killed."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from dashboard.access import make_token
from schema.batch import DAY_MS, day_start_ms
from schema.format_settings import format_toml
from support.beacons import LOST, Request, send
from support.clocked import SECRET, ClockedFootfall, clocked_footfall, clocked_settings
from support.processes import Footfall, running_footfall, wait_until

DAY = date(2026, 3, 10)
START = day_start_ms(DAY)
MINUTE = 60_000
TRUSTING = {"COLLECTOR__TRUSTED_PROXIES": '["127.0.0.1/32"]'}
REJECTED_EACH = {
    "bot": 1,
    "opt_out": 1,
    "prefetch": 1,
    "malformed": 1,
    "unknown_site": 1,
    "duplicate": 1,
    "no_visit": 1,
}
COUNTED_EACH = 3


def traffic(number: int) -> list[Request]:
    """What one visitor and a few others send: counted hits, and one of each rejection that can come about here."""
    view = {"n": "pageview", "d": "example.com", "u": f"https://example.com/{number % 7}"}
    address = f"10.1.{number >> 8}.{number & 255}"
    identified = {**view, "k": f"{number + 1:016x}"}
    return [
        Request(identified, address),
        Request(identified, address),
        Request({**view, "n": "signup"}, address),
        Request({**view, "n": "engagement", "e": 900}, address),
        Request({**view, "n": "engagement", "e": 900}, f"10.2.{number >> 8}.{number & 255}"),
        Request(view, address, "curl/8.0"),
        Request(view, address, headers={"Sec-GPC": "1"}),
        Request(view, address, headers={"Sec-Purpose": "prefetch"}),
        Request({**view, "d": "other.example"}, address),
        Request({"n": "pageview"}, address),
    ]


def burst(collector: str, first: int, visitors: int) -> list[int]:
    requests = [request for number in range(first, first + visitors) for request in traffic(number)]
    return asyncio.run(send(collector, requests, 8))


def total(ledger: dict[str, Any], name: str) -> int:
    return sum(row[name] for row in ledger["rows"])


def rejected(ledger: dict[str, Any]) -> dict[str, int]:
    reasons: dict[str, int] = {}
    for row in ledger["rows"]:
        for reason, hits in row["rejected"].items():
            reasons[reason] = reasons.get(reason, 0) + hits
    return reasons


def assert_balanced(ledger: dict[str, Any]) -> None:
    assert total(ledger, "difference") == 0, ledger
    booked = total(ledger, "counted") + total(ledger, "pending") + sum(rejected(ledger).values())
    assert total(ledger, "received") == booked


Run = Callable[..., subprocess.CompletedProcess[str]]


def ledger_of(run: Run, *arguments: str) -> dict[str, Any]:
    done = run("ledger", "--json", *arguments)
    assert done.returncode == 0, done
    ledger: dict[str, Any] = json.loads(done.stdout)
    assert_balanced(ledger)
    return ledger


def test_nothing_differs_across_kills_and_restarts(tmp_path: Path) -> None:
    with running_footfall(tmp_path, **TRUSTING) as footfall:
        answered = [burst(footfall.collector, 0, 20)]
        assert LOST not in answered[0]
        ledger = ledger_of(footfall.run)
        assert total(ledger, "received") == len(answered[0])
        kill_a_worker(footfall, answered)
        wait_until(footfall.is_ready, 60, "another worker has started")
        answered.append(burst(footfall.collector, 60, 20))
        ledger_of(footfall.run)
        footfall.kill_everything()
        stopped = ledger_of(footfall.run)
        acknowledged = sum(code != LOST for codes in answered for code in codes)
        assert acknowledged <= total(stopped, "received") <= sum(map(len, answered))
        assert total(stopped, "unvouched") <= sum(codes.count(LOST) for codes in answered)
        footfall.start()
        assert total(ledger_of(footfall.run), "received") == total(stopped, "received")
        replayed = footfall.run("replay", "--check")
        assert (replayed.returncode, "Nothing differs." in replayed.stdout) == (0, True), replayed
        shown = footfall.run("ledger", "--site", "example.com")
        assert shown.returncode == 0
        assert "Nothing differs: received = counted + rejected + pending." in shown.stdout
        assert "\x1b" not in shown.stdout
        assert footfall.stop() == 0
    assert footfall.run("ledger", "--site", "nobody.example").returncode == 2


def kill_a_worker(footfall: Footfall, answered: list[list[int]]) -> None:
    """kill -9 one of the workers while beacons come in."""
    workers = [process for process, command in footfall.children().items() if " worker " in command]

    async def both() -> None:
        sending = asyncio.to_thread(burst, footfall.collector, 20, 40)
        task = asyncio.create_task(sending)
        await asyncio.sleep(0.05)
        os.kill(workers[0], signal.SIGKILL)
        answered.append(await task)

    asyncio.run(both())


@pytest.fixture
def clocked(tmp_path: Path) -> Iterator[ClockedFootfall]:
    with clocked_footfall(clocked_settings(tmp_path / "data"), tmp_path, START + 600 * MINUTE) as footfall:
        wait_until(footfall.is_ready, 60, "everything is ready")
        yield footfall


def command_of(clocked: ClockedFootfall, directory: Path) -> Run:
    config = directory / "footfall.toml"
    config.write_text(format_toml(clocked.settings))

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "footfall", *arguments, "--config", str(config)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=directory)

    return run


def scraped(clocked: ClockedFootfall) -> list[str]:
    token = make_token(SECRET, "*", 2, clocked.clock())
    answer = httpx.get(
        f"http://{clocked.settings.dashboard.listen}/metrics", headers={"Authorization": f"Bearer {token}"}
    )
    return [line for line in answer.text.splitlines() if line.startswith("footfall_ledger_difference{")]


def test_nothing_differs_from_the_first_hit_to_the_closed_day(clocked: ClockedFootfall, tmp_path: Path) -> None:
    run = command_of(clocked, tmp_path)
    visitors = 25
    burst(clocked.settings.collector.listen, 0, visitors)
    first = ledger_of(run)
    assert (total(first, "received"), total(first, "pending")) == (10 * visitors, 10 * visitors)
    clocked.clock.turn_to(START + 640 * MINUTE)
    wait_until(lambda: total(ledger_of(run), "pending") == 0, 60, "every visit is closed")
    ledger = ledger_of(run)
    assert total(ledger, "counted") == COUNTED_EACH * visitors
    assert rejected(ledger) == {reason: count * visitors for reason, count in REJECTED_EACH.items()}
    assert scraped(clocked) == [
        'footfall_ledger_difference{site=""} 0.0',
        'footfall_ledger_difference{site="example.com"} 0.0',
    ]
    replayed = run("replay", "--check", "--day", DAY.isoformat())
    assert (replayed.returncode, "Nothing differs." in replayed.stdout) == (0, True), replayed

    burst(clocked.settings.collector.listen, visitors, visitors)
    clocked.clock.turn_to(START + DAY_MS + 2 * MINUTE)
    wait_until(lambda: not (clocked.settings.spool_dir / DAY.isoformat()).exists(), 60, "the day is closed")
    closed = ledger_of(run, "--day", DAY.isoformat())
    assert total(closed, "received") == 20 * visitors
    assert rejected(closed) == {reason: 2 * count * visitors for reason, count in REJECTED_EACH.items()}
    assert "LedgerDifferenceError" not in clocked.log_file.read_text()
    assert "the ledger of" not in clocked.log_file.read_text()


def test_what_is_lost_or_changed_is_reported_with_exit_code_1(clocked: ClockedFootfall, tmp_path: Path) -> None:
    run = command_of(clocked, tmp_path)
    burst(clocked.settings.collector.listen, 0, 5)
    clocked.clock.turn_to(START + 640 * MINUTE)
    wait_until(lambda: total(ledger_of(run), "pending") == 0, 60, "every visit is closed")
    segments = sorted(
        (clocked.settings.spool_dir / DAY.isoformat()).glob("*.sealed"), key=lambda path: path.stat().st_size
    )
    lost = segments[-1]
    content = lost.read_bytes()
    lost.unlink()
    found = run("ledger", "--json")
    assert found.returncode == 1
    assert {(row["site"], row["hour"]) for row in json.loads(found.stdout)["rows"] if row["difference"]} >= {
        ("example.com", (START + 600 * MINUTE) // 1000)
    }
    shown = run("ledger")
    assert (shown.returncode, "records differ between" in shown.stdout) == (1, True)
    replayed = run("replay", "--check")
    assert (replayed.returncode, "Differs: " in replayed.stdout) == (1, True), replayed
    lost.write_bytes(content)
    ledger_of(run)
    assert "the ledger of example.com differs by" in clocked.log_file.read_text()
