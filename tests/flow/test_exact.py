"""A day of 50,000 beacons with known answers: the same live, across windows, and when the day is closed."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from dashboard.access import make_token
from schema.batch import DAY_MS, day_start_ms
from schema.settings import StoreSettings
from support.beacons import send
from support.clocked import SECRET, ClockedFootfall, clocked_footfall, clocked_settings
from support.processes import wait_until
from support.scripted_day import MINUTE, Step, expected, script
from support.store_urls import STORE_URLS

DAY = date(2026, 3, 10)
START = day_start_ms(DAY)
QUESTIONS = {
    "total": ([], ["visitors", "visits", "pageviews", "bounce_rate", "visit_duration"]),
    "page": (["event:page"], ["visitors", "pageviews", "visits"]),
    "entry": (["visit:entry_page"], ["visits"]),
    "exit": (["visit:exit_page"], ["visits"]),
    "source": (["visit:source"], ["visitors", "visits"]),
    "country": (["visit:country"], ["visitors", "visits"]),
}


@pytest.fixture(params=STORE_URLS)
def footfall(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ClockedFootfall]:
    with STORE_URLS[request.param](tmp_path / "store") as url, footfall_on(url, tmp_path) as footfall:
        yield footfall


@contextmanager
def footfall_on(url: str, directory: Path) -> Iterator[ClockedFootfall]:
    settings = replace(clocked_settings(directory / "data"), store=StoreSettings(url=url))
    with clocked_footfall(settings, directory, START) as footfall:
        wait_until(footfall.is_ready, 60, "everything is ready")
        yield footfall


def play(footfall: ClockedFootfall, ticks: list[list[Step]]) -> None:
    """Turn the clock from instant to instant and send what the script has for each."""
    for steps in ticks:
        footfall.clock.turn_to(steps[0].at)
        answers = asyncio.run(send(footfall.settings.collector.listen, [step.request() for step in steps], 8))
        assert set(answers) == {202}, answers


def ask(footfall: ClockedFootfall) -> dict[str, object]:
    """The dashboard's answer to each question."""
    token = make_token(SECRET, "*", 2, footfall.clock())
    return {name: _ask(footfall, token, *question) for name, question in QUESTIONS.items()}


def _ask(footfall: ClockedFootfall, token: str, dimensions: list[str], metrics: list[str]) -> object:
    answer = httpx.post(
        f"http://{footfall.settings.dashboard.listen}/api/v2/query",
        json={
            "site_id": "example.com",
            "metrics": metrics,
            "dimensions": dimensions,
            "date_range": [DAY.isoformat(), DAY.isoformat()],
            "pagination": {"limit": 1000, "offset": 0},
        },
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["results"]
    if not dimensions:
        return rows[0]["metrics"]
    named = {row["dimensions"][0]: row["metrics"] for row in rows if row["dimensions"][0]}
    return {name: values[0] for name, values in named.items()} if len(metrics) == 1 else named


def assert_answers(footfall: ClockedFootfall, steps: list[Step]) -> None:
    """Wait until as many pageviews are counted as were sent, then everything has to be right at once and stay so."""
    known = expected(steps)
    wait_until(lambda: ask(footfall)["total"][2] >= known["total"][2], 60, "all is counted")  # type: ignore[index]
    for _ in range(3):
        assert ask(footfall) == known


def test_the_answers_are_exact_live_closed_and_archived(footfall: ClockedFootfall) -> None:
    ticks = script(START, 1000, 50_000)
    steps = [step for tick in ticks for step in tick]
    assert len(steps) >= 50_000
    half = len(ticks) // 2
    play(footfall, ticks[:half])
    assert_answers(footfall, [step for tick in ticks[:half] for step in tick])
    play(footfall, ticks[half:])
    assert_answers(footfall, steps)
    footfall.kill()
    footfall.start()
    wait_until(footfall.is_ready, 60, "everything is ready again")
    assert_answers(footfall, steps)
    footfall.clock.turn_to(START + DAY_MS + 2 * MINUTE)
    segments = footfall.settings.spool_dir / DAY.isoformat()
    wait_until(lambda: not segments.exists(), 60, "the day is closed")
    assert_answers(footfall, steps)
    assert not (footfall.settings.data_dir / "spool" / "quarantine").exists()
