from collections.abc import Callable
from typing import Any

import httpx
import pytest

PAGEVIEW = {"n": "pageview", "d": "example.com", "u": "https://example.com/a"}
Ask = Callable[..., httpx.Response]


def test_an_unexpected_error_is_answered_500_and_told_without_its_message(
    ask: Ask, memory_spool: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(records: object) -> None:
        raise ValueError("alice@example.com")

    memory_spool.append = fail
    answer = ask("POST", "/api/event", json=PAGEVIEW)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (500, "*")
    assert "ValueError" in caplog.text
    assert "test_quiet_failures.py:" in caplog.text
    assert "alice" not in caplog.text
    assert ask("GET", "/pixel.gif", headers={"referer": "https://example.com/"}).status_code == 500
    assert "alice" not in caplog.text
