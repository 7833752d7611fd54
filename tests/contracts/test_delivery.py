"""DELIVERY.md is true: each test that it names exists, and its table of safeguards is the one that is tried."""

import re
from pathlib import Path

import pytest

from support.mutations import ROOT, Safeguard, has_test, safeguards

PAGE = (ROOT / "DELIVERY.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[^`]+)`", PAGE)))


@pytest.mark.parametrize("name", NAMED)
def test_every_test_that_is_named_exists(name: str) -> None:
    assert has_test(name) if "::" in name else Path(ROOT / name).is_file()


@pytest.mark.parametrize("safeguard", safeguards(), ids=lambda safeguard: safeguard.name)
def test_every_safeguard_has_its_row(safeguard: Safeguard) -> None:
    assert f"| {safeguard.name} | `{safeguard.file}` | `{safeguard.test}` |" in PAGE


def test_each_way_to_lose_a_hit_has_a_test() -> None:
    ways = PAGE.partition("## Every way")[2].partition("\n## ")[0]
    rows = [line.split("|") for line in ways.splitlines() if line.startswith("| ")][2:]
    assert len(rows) > 30
    assert [row for row in rows if "`tests/" not in row[4]] == []
