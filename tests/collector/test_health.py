from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

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
