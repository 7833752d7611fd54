"""kill -9, again and again, under load: every acknowledged hit is counted exactly once, none twice."""

import asyncio
import os
import random
import signal
import string
import threading
from pathlib import Path

from support.beacons import Request, send
from support.counted_pages import counted_pages
from support.processes import Footfall, running_footfall, wait_until

KILLS = int(os.environ.get("FOOTFALL_TEST_KILLS", "100"))
VICTIMS = ("worker", "store-process", "everything")


class Load:
    """Sends pageviews of pages that were never seen before, until told to stop, and remembers each answer."""

    def __init__(self, address: str) -> None:
        self.answers: dict[str, int] = {}
        self._address = address
        self._stop = threading.Event()
        self._random = random.Random(11)  # names only
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._thread.start()

    async def _run(self) -> None:
        while not self._stop.is_set():
            paths = ["/" + "".join(self._random.choices(string.ascii_lowercase, k=10)) for _ in range(40)]
            requests = [
                Request(
                    {"n": "pageview", "d": "example.com", "u": f"https://example.com{path}"}, self._address_of(path)
                )
                for path in paths
            ]
            statuses = await send(self._address, requests, connections=8)
            self.answers |= dict(zip(paths, statuses, strict=True))
            await asyncio.sleep(0.05)  # paces the load; nothing waits for it

    def _address_of(self, path: str) -> str:
        return f"203.0.113.{ord(path[1])}"

    def stop(self) -> None:
        """Return when the last answer is in."""
        self._stop.set()
        self._thread.join()


def kill_one(footfall: Footfall, victim: str, chance: random.Random) -> None:
    """kill -9 to one part, or to all of it and then start it again."""
    if victim == "everything":
        footfall.kill_everything()
        footfall.launch()
    else:
        running = [process for process, command in footfall.children().items() if f" {victim} " in command]
        if running:
            os.kill(chance.choice(running), signal.SIGKILL)


def test_every_acknowledged_hit_is_counted_exactly_once_over_many_kills(tmp_path: Path) -> None:
    chance = random.Random(5)
    settings = {"COLLECTOR__TRUSTED_PROXIES": "127.0.0.1/32"}
    with running_footfall(tmp_path, **settings) as footfall:
        load = Load(footfall.collector)
        try:
            for number in range(KILLS):
                before = len(load.answers)
                wait_until(lambda: sum(load.answers.values()) and len(load.answers) > before, 60, "the load goes on")  # noqa: B023 (called at once)
                threading.Event().wait(chance.uniform(0.05, 0.8))  # the random moment; nothing waits for it
                kill_one(footfall, VICTIMS[number % len(VICTIMS)], chance)
        finally:
            load.stop()
        acknowledged = {path for path, status in load.answers.items() if status == 202}
        assert len(acknowledged) > 20 * KILLS
        token = footfall.token()
        wait_until(footfall.is_ready, 120, "it is ready again")
        wait_until(
            lambda: acknowledged <= set(counted_pages(footfall, token)), 120, "all acknowledged hits are counted"
        )
        pages = counted_pages(footfall, token)
        assert {path: count for path, count in pages.items() if count != 1} == {}
        assert set(pages) <= set(load.answers)
