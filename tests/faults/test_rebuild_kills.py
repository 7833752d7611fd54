"""kill -9 at every part that an insert of many months puts in place: each month is there whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from schema.settings import Settings
from support.batches import archive_of
from support.hits import at, event, pageview
from support.stored_rows import whole

MONTHS = 6
MOST_POINTS = 1000 if os.environ.get("FOOTFALL_TEST_FAULTS") == "nightly" else 6
pytestmark = pytest.mark.timeout(3600)


def run(data_dir: Path, *options: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    command = [*before, sys.executable, "-m", "support.rebuild", str(data_dir), *options]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)


def rebuild(data_dir: Path, *options: str) -> Any:
    """Fill the store; return where its tables are, and the rows by table and month, before and after."""
    done = run(data_dir, *options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_rebuild_killed_at_any_part_is_made_good_by_the_next(
    tmp_path: Path, strace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pattern = tmp_path / "pattern"
    for month in range(1, MONTHS + 1):
        day = f"2026-0{month}-02"
        hits = [pageview("10:00", at=at("10:00", day)), event("11:00", "buy", at=at("11:00", day))]
        archive, _ = archive_of(Settings(data_dir=pattern).archive_dir, hits)
    expected = whole(archive)
    points = [(name, month) for name, rows in expected.items() if rows for month in range(1, MONTHS + 1)]
    step = max(1, len(points) // MOST_POINTS)
    chosen = points[step // 2 :: step]
    for name, month in chosen:
        data_dir = tmp_path / f"{name}-{month}"
        shutil.copytree(pattern, data_dir)
        place = rebuild(data_dir, "--only-migrate")["places"][name]
        part = f"{place}tmp_insert_20260{month}_{month}_{month}_0/"
        watch = (strace, "-f", "-qq", "-P", part, "-e", "inject=rename:signal=KILL", "-o", os.devnull)
        assert run(data_dir, before=watch).returncode == -signal.SIGKILL
        found = rebuild(data_dir)
        assert {table: sum(rows.values()) for table, rows in found["after"].items()} == expected
        assert len(found["before"][name]) in (month - 1, month)  # the kill is sent as the call begins
        for table, rows in found["before"].items():
            assert rows.items() <= found["after"][table].items()
        shutil.rmtree(data_dir)
    with capsys.disabled():
        print(f"\nkilled at {len(chosen)} of {len(points)} parts")
