"""The volume fills up while beacons arrive: 503 at once, nothing acknowledged is lost, and it goes on by itself."""

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from aggregator.dead_segments import recover_dead
from aggregator.spool_reader import SpoolReader
from schema.hit import Hit
from schema.reserve import RESERVE_BYTES, RESERVE_NAME
from schema.spool_format import OPEN
from support.beacons import LOST, Request, send
from support.processes import Footfall, wait_until
from support.small_volume import fill, small_volume

VOLUME_MIB = 24
WORKERS = 2
FLOORS = {"0": "no room for its reserve", str(2 * 1024 * 1024): "spool.min_free_bytes"}  # and what is said below it


@pytest.fixture(params=FLOORS)
def footfall(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Footfall]:
    """A collector whose data directory is a small volume, under two settings of the floor."""
    settings = {"COLLECTOR__WORKERS": str(WORKERS), "SPOOL__MIN_FREE_BYTES": request.param}
    settings["COLLECTOR__TRUSTED_PROXIES"] = "127.0.0.1/32"
    with small_volume(tmp_path / "data", VOLUME_MIB):
        footfall = Footfall(tmp_path, settings, ("collect",))
        try:
            footfall.launch()
            wait_until(lambda: footfall.children() and footfall.collector_is_ready(), 60, "the collector is ready")
            yield footfall
        finally:
            if footfall.process is not None and footfall.process.poll() is None:
                footfall.kill_everything()


class Sender:
    """Sends pageviews of pages that were never seen before, and remembers each answer."""

    def __init__(self, address: str) -> None:
        self.answers: dict[str, int] = {}
        self._address = address

    def send(self, count: int, connections: int = 8) -> set[int]:
        """Send some, and return which answers came."""
        numbers = range(len(self.answers), len(self.answers) + count)
        names = ["".join(chr(97 + int(digit)) for digit in str(number)) for number in numbers]
        bodies = [{"n": "pageview", "d": "example.com", "u": f"https://example.com/{name}"} for name in names]
        visitors = [f"198.18.{number // 250}.{number % 250}" for number in numbers]
        requests = [Request(dict(body), visitor) for body, visitor in zip(bodies, visitors, strict=True)]
        statuses = asyncio.run(send(self._address, requests, connections))
        self.answers |= dict(zip((f"/{name}" for name in names), statuses, strict=True))
        return set(statuses)

    def acknowledged(self) -> set[str]:
        """The pages whose beacons were answered 202."""
        return {path for path, status in self.answers.items() if status == 202}


def problems(footfall: Footfall) -> str:
    """What the collector says is wrong; empty while it does not answer."""
    try:
        return str(httpx.get(f"http://{footfall.collector}/health/ready", timeout=2).json().get("problems", ""))
    except httpx.HTTPError:
        return ""


def is_settled(footfall: Footfall) -> bool:
    """Whether all workers run, and none has a segment that it is still to seal."""
    workers = footfall.children()
    try:
        open_files = [[os.readlink(link) for link in Path(f"/proc/{worker}/fd").iterdir()] for worker in workers]
    except FileNotFoundError:  # something was closed meanwhile
        return False
    is_running = len(workers) == WORKERS and all(open_files)  # one that has just ended has none
    return is_running and not any(name.endswith(OPEN) for names in open_files for name in names)


def found_paths(spool: Path) -> list[str]:
    """The path of every hit in the spool, after what the aggregator does to segments without a worker."""
    reader, paths = SpoolReader(spool), []
    for day in reader.days():
        assert recover_dead(spool, day, 0).problems == []
        for reading in reader.read(day):
            assert reading.problems == []
            paths += [record.path for record in reading.records if isinstance(record, Hit)]
    return paths


def test_a_full_volume_is_answered_503_and_survived(footfall: Footfall) -> None:
    other_file = footfall.data_dir / "another-programs-file"
    spool, sender = footfall.data_dir / "spool", Sender(footfall.collector)
    reason = FLOORS[footfall.settings["SPOOL__MIN_FREE_BYTES"]]
    assert sender.send(50) == {202}
    assert (spool / RESERVE_NAME).stat().st_size == RESERVE_BYTES

    # 1. Another program takes all there is, and again what is given up, until the collector says so.
    def is_refused() -> bool:
        fill(other_file)
        return sender.send(8) <= {503, LOST} and reason in problems(footfall)

    wait_until(is_refused, 60, "the full volume is noticed")
    wait_until(lambda: is_settled(footfall), 60, "what was open is sealed, or left to recovery")
    wait_until(lambda: sender.send(8) == {503}, 60, "all workers are back")

    # 2. While it stays full: 503 within a second, from workers that stay.
    workers = set(footfall.children())
    for _ in range(100):
        started = time.monotonic()
        assert sender.send(4, connections=4) == {503}
        assert time.monotonic() - started < 1
    assert set(footfall.children()) == workers

    # 3. There is room again: the same workers go on.
    other_file.unlink()
    wait_until(lambda: sender.send(50) == {202}, 30, "all workers take beacons again")
    assert set(footfall.children()) == workers
    assert (spool / RESERVE_NAME).stat().st_size == RESERVE_BYTES

    # 4. Nothing is lost, nothing is there twice.
    assert footfall.stop() == 0
    found = found_paths(spool)
    assert len(sender.acknowledged()) >= 100
    assert sender.acknowledged() <= set(found) <= set(sender.answers)
    assert len(found) == len(set(found))
    assert footfall.log_file.read_text().count("ended with code") <= WORKERS  # once each, where a write failed
