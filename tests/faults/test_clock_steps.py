"""The wall clock jumps: what was acknowledged counts once all the same, and no day ever begins again."""

from __future__ import annotations

import asyncio
import os
import random
import string
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from dashboard.access import make_token
from schema.batch import DAY_MS, day_start_ms, utc_day
from schema.store import Store
from support.beacons import Request, send
from support.clocked import SECRET, ClockedFootfall, clocked_footfall, clocked_settings
from support.counts import total
from support.embedded import clean_store, shared_store
from support.fallible_store import FallibleStore
from support.machine import ZONES, Machine
from support.oracle import Counts
from support.processes import wait_until

IS_NIGHTLY = os.environ.get("FOOTFALL_TEST_FAULTS") == "nightly"
ROUNDS = 5 if IS_NIGHTLY else 1
pytestmark = pytest.mark.timeout(7200 if IS_NIGHTLY else 600)
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000
JUMPS = {"1 second": SECOND, "1 hour": HOUR, "1 day": DAY_MS, "10 years": 3653 * DAY_MS}
MOMENTS = {
    "midnight": "2026-03-10T00:00",
    "midnight in Kathmandu": "2026-03-10T18:15",
    "spring in Berlin": "2026-03-29T01:00",
    "autumn in Berlin": "2026-10-25T01:00",
    "spring in New York": "2026-03-08T07:00",
    "autumn in New York": "2026-11-01T06:00",
    "autumn on Lord Howe": "2026-04-04T15:00",
    "spring on Lord Howe": "2026-10-03T15:30",
    "spring in St Johns": "2026-03-08T05:30",
    "the last minute of a month": "2026-03-31T23:59",
}


def instant(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.fixture
def memory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=MEMORY) as directory:
        yield Path(directory)


def scenarios() -> list[tuple[str, int]]:
    """Every jump, forth and back or back and forth, around some moments; at night around all of them."""
    jumps = [jump * sign for jump in JUMPS.values() for sign in (1, -1)]
    every = [(moment, jump) for moment in MOMENTS for jump in jumps]
    return every if IS_NIGHTLY else every[:: len(jumps) - 1]


def name_of(value: object) -> str:
    return value if isinstance(value, str) else f"{timedelta(milliseconds=int(str(value))).total_seconds():+.0f} s"


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with shared_store(clean=False) as store:
        yield store


@pytest.mark.parametrize(("moment", "jump"), scenarios(), ids=name_of)
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_whatever_the_clock_does_what_was_acknowledged_counts_once(
    memory: Path, store: Store, moment: str, jump: int, seed: int
) -> None:
    clean_store(store)
    chance = random.Random(f"{moment} {jump} {seed}")
    machine = Machine(
        memory, FallibleStore(store, is_down=True), instant(MOMENTS[moment]) - chance.randrange(20) * MINUTE, chance
    )
    for step in (0, jump, -jump):
        machine.now_ms += step
        for _ in range(6):
            machine.tick(chance.choice((1, SECOND, MINUTE, 7 * MINUTE, 16 * MINUTE)))
            if chance.random() < 0.3:
                machine.restart()
    counts = machine.finish()
    assert len(machine.acknowledged) > 50
    assert total(counts, "pageviews", "pageviews", "path") == dict.fromkeys(machine.acknowledged, 1)
    assert_hours_are_days(counts)
    assert machine.aggregator is not None
    assert not set(machine.aggregator.alarms.counts) - {"SetAsideError"}


def assert_hours_are_days(counts: Counts) -> None:
    """Each hour is of the local day that it is counted in, and the hours' sums are what the ledger took in."""
    for site, day, hour in total(counts, "pageviews", "pageviews", "site", "day", "hour"):
        assert datetime.fromtimestamp(hour, ZoneInfo(ZONES[site])).date() == day
    for columns in (("site", "day"), ("site", "day", "hour")):
        assert total(counts, "pageviews", "pageviews", *columns) == total(counts, "batches", "pageview_hits", *columns)
    assert total(counts, "visits", "pageviews", "site") == total(counts, "pageviews", "pageviews", "site")


def test_after_a_jump_of_years_that_was_counted_nothing_is_taken_until_somebody_decides(
    memory: Path, store: Store
) -> None:
    clean_store(store)
    noon = instant("2026-03-10T12:00")
    machine = Machine(memory, FallibleStore(store, is_down=True), noon, random.Random(1))
    machine.tick(SECOND)
    machine.now_ms = noon + 3653 * DAY_MS
    machine.tick(SECOND)
    machine.now_ms = noon + DAY_MS  # the day before was closed, and stays so
    machine.restart(0, 1)
    before = set(machine.acknowledged)
    machine.tick(SECOND)
    assert machine.acknowledged == before
    assert not machine.start_aggregator()
    (machine.settings.spool_dir / "fence").unlink()  # what the hint of the error says
    machine.restart(0, 1)
    assert machine.start_aggregator()
    machine.tick(SECOND)
    assert machine.acknowledged > before
    assert total(machine.finish(), "pageviews", "pageviews", "path") == dict.fromkeys(machine.acknowledged, 1)


def test_a_day_that_was_closed_while_the_clock_was_ahead_takes_no_hit_that_would_not_count(
    memory: Path, store: Store
) -> None:
    clean_store(store)
    noon = instant("2026-03-10T12:00")
    machine = Machine(memory, FallibleStore(store, is_down=True), noon, random.Random(1))
    machine.tick(SECOND)
    machine.now_ms = noon + DAY_MS
    machine.tick(SECOND)
    machine.restart(0, 1)
    machine.tick(SECOND)
    machine.now_ms = noon + MINUTE
    machine.restart(0, 1)
    assert not machine.start_aggregator()
    (machine.settings.spool_dir / "fence").unlink()
    assert machine.start_aggregator()
    before = set(machine.acknowledged)
    machine.tick(SECOND)
    assert machine.acknowledged == before
    assert total(machine.finish(), "pageviews", "pageviews", "path") == dict.fromkeys(before, 1)


WALK = (30 * SECOND, HOUR, -HOUR, -SECOND, SECOND, -DAY_MS, DAY_MS, 20 * MINUTE, DAY_MS, -DAY_MS, -HOUR, 2 * HOUR)


def test_real_processes_count_once_while_the_clock_jumps(tmp_path: Path) -> None:
    start, answers, chance = instant("2026-03-28T23:58"), dict[str, int](), random.Random(4)
    with clocked_footfall(clocked_settings(tmp_path / "data"), tmp_path, start) as footfall:
        wait_until(footfall.is_ready, 60, "everything is ready")
        latest = now = start
        for number, jump in enumerate(WALK):
            now += jump
            latest = max(latest, now)
            footfall.clock.turn_to(now)
            paths = ["/" + "".join(chance.choices(string.ascii_lowercase, k=9)) for _ in range(60)]
            answers |= dict(zip(paths, asyncio.run(send(*beacons(footfall, paths))), strict=True))
            if number == len(WALK) // 2:
                footfall.kill()
                footfall.clock.turn_to(latest)
                footfall.start()
                wait_until(footfall.is_ready, 60, "everything is ready again")
                now = latest
        acknowledged = {path for path, status in answers.items() if status == 202}
        assert len(acknowledged) > 6 * 60
        footfall.clock.turn_to(latest + 2 * HOUR)
        wait_until(lambda: len(ask(footfall, "event:page")) >= len(acknowledged), 60, "all is counted")
        assert ask(footfall, "event:page") == dict.fromkeys(acknowledged, 1)
        assert sum(ask(footfall, "time:hour").values()) == sum(ask(footfall, "time:day").values()) == len(acknowledged)
        footfall.clock.turn_to(day_start_ms(utc_day(latest)) + 2 * DAY_MS)
        wait_until(lambda: not list(footfall.settings.spool_dir.glob("20*")), 60, "all days are closed")
        assert ask(footfall, "event:page") == dict.fromkeys(acknowledged, 1)


def beacons(footfall: ClockedFootfall, paths: list[str]) -> tuple[str, list[Request], int]:
    bodies = [{"n": "pageview", "d": "example.com", "u": f"https://example.com{path}"} for path in paths]
    requests = [Request(dict(body), f"203.0.113.{number}") for number, body in enumerate(bodies)]
    return footfall.settings.collector.listen, requests, 4


def ask(footfall: ClockedFootfall, dimension: str) -> dict[str, int]:
    """Pageviews by page, hour or day."""
    token = make_token(SECRET, "*", 2, footfall.clock())
    answer = httpx.post(
        f"http://{footfall.settings.dashboard.listen}/api/v2/query",
        json={
            "site_id": "example.com",
            "metrics": ["pageviews"],
            "dimensions": [dimension],
            "date_range": ["2026-03-26", "2026-04-01"],
            "pagination": {"limit": 10_000, "offset": 0},
        },
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    return {row["dimensions"][0]: row["metrics"][0] for row in answer.json()["results"]}
