"""A power cut: everything that was not synced is gone. What was acknowledged is still there, whole.

The spool is on a file system in an image file. While a worker takes beacons it is frozen, and the image is copied: that
copy is what a disk would hold after the cut, since what the worker's file system keeps in memory is not in it.
"""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from aggregator.dead_segments import recover_dead
from aggregator.spool_reader import SpoolReader
from schema.hit import Hit
from support.beacons import Request, send
from support.processes import Footfall, wait_until

CUTS = int(os.environ.get("FOOTFALL_TEST_POWER_CUTS", "3"))
IMAGE_BYTES = 64 * 1024 * 1024


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


@contextmanager
def mounted(image: Path, directory: Path) -> Iterator[Path]:
    """The file system in `image`, journal replayed, until the block ends."""
    directory.mkdir(exist_ok=True)
    run("mount", "-o", "loop", str(image), str(directory))
    try:
        yield directory
    finally:
        run("umount", "--lazy", str(directory))


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An empty ext4 file system."""
    path = tmp_path / "disk.img"
    with path.open("wb") as file:
        file.truncate(IMAGE_BYTES)
    run("mkfs.ext4", "-q", str(path))
    try:
        with mounted(path, tmp_path / "trial"):
            return path
    except subprocess.CalledProcessError:
        pytest.skip("this kernel lets nobody mount an image: no loop devices")


def recovered_paths(spool_dir: Path) -> list[str]:
    """The path of every hit in the spool, after what the aggregator does to segments without a worker."""
    reader = SpoolReader(spool_dir)
    paths = []
    for day in reader.days():
        assert recover_dead(spool_dir, day, 0).problems == []
        for reading in reader.read(day):
            assert reading.problems == []
            paths += [record.path for record in reading.records if isinstance(record, Hit)]
    return paths


def cut(footfall: Footfall, image: Path, copy: Path) -> None:
    """Freeze the worker, copy what is on its disk, and let it go on."""
    (worker,) = footfall.children()
    os.kill(worker, signal.SIGSTOP)
    wait_until(lambda: "T (stopped)" in Path(f"/proc/{worker}/status").read_text(), what="the worker stands still")
    shutil.copy(image, copy)
    os.kill(worker, signal.SIGCONT)


async def beacons_until(stop: asyncio.Event, address: str, answers: dict[str, int]) -> None:
    """Send pageviews of new pages, and note each answer as soon as it is there."""
    while not stop.is_set():
        name = "".join(chr(97 + int(digit)) for digit in str(len(answers)))
        body: dict[str, object] = {"n": "pageview", "d": "example.com", "u": f"https://example.com/{name}"}
        (answers[f"/{name}"],) = await send(address, [Request(body)], 1)


def test_what_was_acknowledged_survives_a_power_cut(image: Path, tmp_path: Path) -> None:
    with mounted(image, tmp_path / "disk") as disk:
        (disk / "data").mkdir(mode=0o700)
        footfall = Footfall(disk, {"COLLECTOR__WORKERS": "1"}, ("collect",))
        try:
            footfall.launch()
            wait_until(lambda: footfall.children() and footfall.collector_is_ready(), 60, "the collector is ready")
            asyncio.run(check_cuts(footfall, image, tmp_path))
        finally:
            footfall.kill_everything()


async def check_cuts(footfall: Footfall, image: Path, tmp_path: Path) -> None:
    answers: dict[str, int] = {}
    stop = asyncio.Event()
    load = asyncio.create_task(beacons_until(stop, footfall.collector, answers))
    for number in range(CUTS):
        wanted = len(answers) + 100
        while len(answers) < wanted:
            await asyncio.sleep(0.01)
        acknowledged = {path for path, status in answers.items() if status == 202}
        copy = tmp_path / f"cut-{number}.img"
        await asyncio.to_thread(cut, footfall, image, copy)
        with mounted(copy, tmp_path / f"cut-{number}") as disk:
            found = recovered_paths(disk / "data" / "spool")
        assert len(acknowledged) >= 100
        assert acknowledged <= set(found)
        assert len(found) == len(set(found))
        copy.unlink()
    stop.set()
    await load
