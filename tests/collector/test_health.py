import asyncio
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from collector.day_key import DayKey
from collector.health import WarningLog, make_ready
from support.hits import at

Ask = Callable[..., httpx.Response]


def test_a_worker_is_live_and_ready(ask: Ask) -> None:
    assert ask("GET", "/health/live").json() == {"status": "live"}
    assert ask("GET", "/health/ready").json() == {"status": "ready"}


def test_a_worker_that_is_not_ready_says_why(ask: Ask, memory_spool: Any, tmp_path: Path) -> None:
    memory_spool.refusal = "the spool has reached spool.max_bytes"
    (tmp_path / "keys").write_text("not a directory")
    answer = ask("GET", "/health/ready")
    assert answer.status_code == 503
    spool_problem, key_problem = answer.json()["problems"]
    assert spool_problem == memory_spool.refusal
    assert "keys" in key_problem
    assert ask("GET", "/health/live").status_code == 200


def test_a_warning_leaves_the_worker_ready(memory_spool: Any, day_key: DayKey) -> None:
    ready = make_ready(memory_spool, day_key, lambda: at("12:00"), [lambda: "name your proxy", lambda: ""])

    def answer() -> tuple[int, dict[str, Any]]:
        response = asyncio.run(ready(Request({"type": "http"})))
        return response.status_code, json.loads(response.body)

    assert answer() == (200, {"status": "ready", "warnings": ["name your proxy"]})
    memory_spool.refusal = "full"
    assert answer() == (503, {"status": "not ready", "problems": ["full"], "warnings": ["name your proxy"]})


def test_a_warning_is_logged_once_until_it_has_gone(caplog: pytest.LogCaptureFixture) -> None:
    saying = ["12 beacons"]
    warning_log = WarningLog([lambda: saying[0]])
    with caplog.at_level(logging.WARNING):
        for text in ("12 beacons", "13 beacons", "", "14 beacons"):
            saying[0] = text
            warning_log.look()
    assert caplog.messages == ["12 beacons", "14 beacons"]
