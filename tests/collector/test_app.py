"""The application around its endpoints: what every request meets, and what happens without any."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from collector import app as app_module
from collector.app import create_app
from collector.day_key import DayKey
from collector.tables import make_tables
from schema.batch import DAY_MS
from schema.settings import Settings
from support.hits import at
from support.processes import FIREFOX

NOON = at("12:00")
PAGEVIEW = {"n": "pageview", "d": "example.com", "u": "https://example.com/a"}
Ask = Callable[..., httpx.Response]


def test_what_does_not_exist_is_answered_404(ask: Ask) -> None:
    assert ask("GET", "/").status_code == 404
    assert ask("POST", "/api/event/").status_code == 404


def test_no_request_is_logged(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="footfall")
    for wire in ({}, {"u": ""}, {"d": "alice.example"}, {"d": "shop.example"}):
        ask("POST", "/api/event", json=PAGEVIEW | wire)
    assert [record for record in caplog.records if record.name.startswith("footfall")] == []


def test_the_old_key_is_destroyed_at_midnight_without_any_beacon(
    settings: Settings, memory_spool: Any, day_key: DayKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "DAY_KEY_SECONDS", 0.01)
    now, old_key = [NOON], tmp_path / "keys" / "2026-03-10.key"
    app = create_app(settings, memory_spool, day_key, lambda: now[0])

    async def live_through_midnight() -> None:
        async with _lifespan(app):
            await _until(old_key.exists)
            now[0] += DAY_MS
            await _until(lambda: not old_key.exists())

    asyncio.run(live_through_midnight())


def test_the_rate_limit_forgets_visitor_codes_without_any_beacon(
    settings: Settings, memory_spool: Any, day_key: DayKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "FORGET_SECONDS", 0.01)
    tables = make_tables(settings)
    monkeypatch.setattr(app_module, "make_tables", lambda _: tables)
    now = [NOON]
    app = create_app(settings, memory_spool, day_key, lambda: now[0])

    async def visit_and_wait() -> None:
        async with _lifespan(app):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://collector.example") as client:
                await client.post("/api/event", json=PAGEVIEW, headers={"user-agent": FIREFOX})
            assert len(tables.visitor_limit) == 1
            now[0] += 120_001
            await _until(lambda: len(tables.visitor_limit._full_at._young) == 0)
            now[0] += 120_001
            await _until(lambda: len(tables.visitor_limit) == 0)

    asyncio.run(visit_and_wait())


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def _lifespan(app: Any) -> Any:
    """What a server does around the life of an application."""
    to_app: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    from_app: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    running = asyncio.create_task(app({"type": "lifespan", "asgi": {}, "state": {}}, to_app.get, from_app.put))
    await to_app.put({"type": "lifespan.startup"})
    assert (await from_app.get())["type"] == "lifespan.startup.complete"
    yield
    await to_app.put({"type": "lifespan.shutdown"})
    assert (await from_app.get())["type"] == "lifespan.shutdown.complete"
    await running
