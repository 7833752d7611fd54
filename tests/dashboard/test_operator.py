"""GET /api/operator/NAME: reports for whoever may read every site, and for nobody else."""

import asyncio
from datetime import date

import httpx
import pytest

from dashboard.app import create_app
from support.dashboard_client import NOW, SECRET, SETTINGS, token


class NoStore:
    """A store that nobody is to ask."""


def ask(path: str, bearer: str | None) -> httpx.Response:
    reports = {"ledger": lambda day: {"day": day}}
    app = create_app(SETTINGS, NoStore(), SECRET, lambda: NOW, reports=reports)  # type: ignore[arg-type]
    headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}

    async def get() -> httpx.Response:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://dashboard.example", headers=headers
        ) as client:
            return await client.get(path)

    return asyncio.run(get())


def test_a_report_is_json() -> None:
    assert ask("/api/operator/ledger", token()).json() == {"day": None}
    day = date(2026, 3, 10)
    assert ask(f"/api/operator/ledger?day={day}", token()).json() == {"day": day.isoformat()}


@pytest.mark.parametrize(
    ("path", "bearer", "code"),
    [
        ("ledger", None, 401),
        ("ledger", "no token", 401),
        ("ledger", token("example.com"), 403),
        ("ledger?day=yesterday", token(), 400),
        ("hens", token(), 404),
        ("hens", None, 401),
    ],
    ids=["nobody", "nonsense", "of one site", "no day", "no report", "no report, nobody"],
)
def test_who_or_what_is_wrong_is_told_so(path: str, bearer: str | None, code: int) -> None:
    answer = ask(f"/api/operator/{path}", bearer)
    assert (answer.status_code, "error" in answer.json()) == (code, True)
