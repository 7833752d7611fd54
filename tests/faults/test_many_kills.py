"""kill -9 to any parts of it at once, on a volume that fills up or comes back read-only: all is counted once."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import string
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from footfall.clock import utc_now_ms
from footfall.process import own_directory
from footfall.store_process import StoreProcess
from schema.errors import DataDirInUseError
from schema.settings import Settings, StoreSettings
from support.beacons import Request, send
from support.counted_pages import counted_pages
from support.processes import Footfall, wait_until
from support.small_volume import fill, small_volume

IS_NIGHTLY = os.environ.get("FOOTFALL_TEST_FAULTS") == "nightly"
KILLS = int(os.environ.get("FOOTFALL_TEST_MANY_KILLS", "1000" if IS_NIGHTLY else "6"))
FAULT_EVERY = 50 if KILLS > 50 else 3  # kills: the volume is full, or cannot be written, by turns
pytestmark = pytest.mark.timeout(4 * 3600 if KILLS > 50 else 600)
VOLUME_MIB = 256
PACE_SECONDS = 0.25


class Load:
    """Sends pageviews of pages that were never seen before, until told to stop, and remembers each answer."""

    def __init__(self, address: str) -> None:
        self.answers: dict[str, int] = {}
        self._address = address
        self._stop = threading.Event()
        self._chance = random.Random(13)  # names only
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    @property
    def acknowledged(self) -> set[str]:
        return {path for path, status in self.answers.copy().items() if status == 202}

    def stop(self) -> None:
        """Return when the last answer is in."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(PACE_SECONDS):  # paces the load; nothing waits for it
            paths = ["/" + "".join(self._chance.choices(string.ascii_lowercase, k=10)) for _ in range(40)]
            bodies = [{"n": "pageview", "d": "example.com", "u": f"https://example.com{path}"} for path in paths]
            requests = [
                Request(dict(body), f"203.0.113.{ord(path[1])}") for body, path in zip(bodies, paths, strict=True)
            ]
            statuses = asyncio.run(send(self._address, requests, connections=8))
            self.answers = self.answers | dict(zip(paths, statuses, strict=True))


@contextmanager
def under_load(directory: Path) -> Iterator[tuple[Footfall, Load]]:
    """Footfall, and a load on it that outlives its restarts."""
    footfall = Footfall(directory, {"COLLECTOR__TRUSTED_PROXIES": "127.0.0.1/32"})
    footfall.start()
    load = Load(footfall.collector)
    try:
        yield footfall, load
    finally:
        load.stop()
        if footfall.process is not None and footfall.process.poll() is None:
            footfall.kill_everything()


def kill_some(footfall: Footfall, chance: random.Random) -> None:
    """kill -9 to any of its parts at once; at times to all of it, and then start it again."""
    if chance.random() < 0.25:
        footfall.kill_everything()
        footfall.launch()
        return
    children = list(footfall.children())
    for victim in chance.sample(children, chance.randint(min(1, len(children)), len(children))):
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            continue


def fill_volume(footfall: Footfall, load: Load, chance: random.Random) -> None:
    """Another program takes all room for a while, and parts are killed meanwhile."""
    other_file = footfall.data_dir / "another-programs-file"
    for _ in range(3):
        fill(other_file)
        go_on(load, chance)
        kill_some(footfall, chance)
    other_file.unlink()


def forbid_writing(footfall: Footfall, load: Load, chance: random.Random) -> None:
    """The volume comes back read-only after a crash, as it does after an error, until somebody mounts it again."""
    footfall.kill_everything()
    remount(footfall.data_dir, "ro")
    before = load.acknowledged
    footfall.launch()
    assert footfall.process is not None
    assert footfall.process.wait(60) != 0
    go_on(load, chance)
    assert load.acknowledged == before
    remount(footfall.data_dir, "rw")
    footfall.launch()


def remount(directory: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(directory)], check=True, capture_output=True)


def go_on(load: Load, chance: random.Random) -> None:
    """Wait until a random moment after the next answers, whatever they are."""
    before = len(load.answers)
    wait_until(lambda: len(load.answers) > before, 60, "the load goes on")
    threading.Event().wait(chance.uniform(0.0, 0.6))  # the random moment; nothing waits for it


def is_taken_again(load: Load) -> bool:
    before = len(load.acknowledged)
    return bool(wait_until(lambda: len(load.acknowledged) > before, 120, "beacons are taken again"))


def test_everything_acknowledged_is_counted_once_whatever_is_killed_and_whatever_the_volume_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance, faults = random.Random(6), (fill_volume, forbid_writing)
    with small_volume(tmp_path / "data", VOLUME_MIB), under_load(tmp_path) as (footfall, load):
        for number in range(KILLS):
            go_on(load, chance)
            if number % FAULT_EVERY == FAULT_EVERY - 1:
                faults[number // FAULT_EVERY % len(faults)](footfall, load, chance)
                assert is_taken_again(load)
            kill_some(footfall, chance)
        wait_until(footfall.is_ready, 120, "it is ready again")
        assert is_taken_again(load)
        load.stop()
        acknowledged, token = load.acknowledged, footfall.token()
        wait_until(lambda: acknowledged <= set(counted_pages(footfall, token)), 120, "all acknowledged are counted")
        pages = counted_pages(footfall, token)
        assert {path: count for path, count in pages.items() if count != 1} == {}
        assert set(pages) <= set(load.answers)
        assert "damaged" not in footfall.log_file.read_text()
    with capsys.disabled():
        print(f"\n{KILLS} kills: {len(acknowledged)} of {len(load.answers)} acknowledged, {len(pages)} counted")


@pytest.mark.timeout(60)  # one that is not refused runs on
def test_a_second_aggregator_of_one_spool_is_refused_whatever_store_it_has(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, store=StoreSettings(url="clickhouse://127.0.0.1:1/nobody"))
    lock = own_directory(settings.spool_dir, "aggregator.lock")
    with pytest.raises(DataDirInUseError):
        StoreProcess(settings, utc_now_ms).run(aggregate=True, listen_fd=None)
    os.close(lock)
