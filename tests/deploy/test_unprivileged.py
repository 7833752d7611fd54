"""`footfall serve` as deploy/systemd's unit runs it: a user without rights, who may write to one directory only."""

import asyncio
import os
import struct
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from schema.batch import DAY_MS, day_start_ms
from support.beacons import Request, send
from support.processes import Footfall, wait_until
from support.unit_sandbox import NOBODY, python_path, unit_sandbox

DAY = date(2026, 3, 10)
NOON = day_start_ms(DAY) + DAY_MS // 2
TURNED_CLOCK = Path(__file__).parents[1] / "support" / "turned_clock"
NO_RIGHTS = "0" * 16


@pytest.fixture
def footfall(monkeypatch: pytest.MonkeyPatch) -> Iterator[Footfall]:
    """With two workers, at noon of DAY."""
    with unit_sandbox() as (state, python):
        clock = state / "clock"
        clock.touch(0o644)
        turn(clock, NOON)
        monkeypatch.setenv("PYTHONPATH", f"{TURNED_CLOCK}{os.pathsep}{python_path()}")
        monkeypatch.setenv("FOOTFALL_TEST_CLOCK", str(clock))
        settings = {"COLLECTOR__TRUSTED_PROXIES": "127.0.0.1/32", "COLLECTOR__WORKERS": "2"}
        footfall = Footfall(state, settings, python=python)
        footfall.start()
        try:
            yield footfall
        finally:
            footfall.kill_everything()


def turn(clock: Path, at_ms: int) -> None:
    """Set the clock of all its processes, in place: a new file would be of the user who runs the tests."""
    with clock.open("r+b", buffering=0) as file:
        file.write(struct.pack("<Q", at_ms))


def visit(footfall: Footfall) -> None:
    beacons = [Request({"n": "pageview", "d": "example.com", "u": "https://example.com/"}, "203.0.113.9")] * 16
    assert set(asyncio.run(send(footfall.collector, beacons))) == {202}


def workers_of(footfall: Footfall) -> list[int]:
    return sorted(process for process, command in footfall.children().items() if " worker " in command)


def has_started_anew(process: int) -> bool:
    """Whether its settings come from its own earlier life, not from the supervisor's pipe."""
    return os.readlink(f"/proc/{process}/fd/0").startswith("/memfd:settings")


def status_of(process: int) -> dict[str, str]:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return {name: " ".join(value.split()) for name, _, value in (line.partition(":") for line in lines)}


def test_after_midnight_each_worker_starts_anew_in_its_place(footfall: Footfall) -> None:
    visit(footfall)
    workers = workers_of(footfall)
    assert [has_started_anew(worker) for worker in workers] == [False, False]
    turn(footfall.directory / "clock", NOON + DAY_MS)
    wait_until(lambda: all(map(has_started_anew, workers)), 120, "both workers have started anew")
    wait_until(footfall.is_ready, 120, "everything is ready again")
    visit(footfall)
    wait_until(lambda: not (footfall.data_dir / "spool" / str(DAY)).exists(), 120, "the day before is closed")
    assert workers_of(footfall) == workers
    assert "starting it again" not in footfall.log_file.read_text()


def test_none_of_its_processes_has_a_right(footfall: Footfall) -> None:
    assert footfall.process
    for process in (footfall.process.pid, *footfall.children()):
        status = status_of(process)
        assert status["Uid"] == " ".join([str(NOBODY)] * 4)
        assert (status["NoNewPrivs"], status["CapEff"], status["CapBnd"]) == ("1", NO_RIGHTS, NO_RIGHTS)
