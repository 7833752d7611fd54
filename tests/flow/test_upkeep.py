"""Backup while everything runs, restore elsewhere, the same answers; then forgetting: the commands as they are run."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from support.processes import Footfall, running_footfall

DAYS = 6


def answers(footfall: Footfall) -> list[Any]:
    """What the API says of the days that are closed."""
    token, today = footfall.token(), datetime.now(UTC).date()
    period = [(today - timedelta(days=DAYS)).isoformat(), (today - timedelta(days=1)).isoformat()]
    questions: list[dict[str, Any]] = [
        {"metrics": ["visitors", "visits", "pageviews", "bounce_rate"]},
        {"metrics": ["pageviews", "visitors"], "dimensions": ["event:page"]},
        {"metrics": ["visits"], "dimensions": ["visit:source"]},
    ]
    return [footfall.query(token, date_range=period, **question)["results"] for question in questions]


def test_a_backup_taken_while_it_runs_gives_the_same_answers_elsewhere(tmp_path: Path) -> None:
    here, there, backup = tmp_path / "here", tmp_path / "there", tmp_path / "backup"
    here.mkdir()
    there.mkdir()
    made = Footfall(here).run("demo", "--days", str(DAYS), "--directory", str(here / "data"))
    assert made.returncode == 0, made.stderr
    with running_footfall(here) as footfall:
        expected = answers(footfall)
        first = footfall.run("backup", str(backup))
        assert (first.returncode, first.stdout[:7]) == (0, "Copied "), first.stderr
        again = footfall.run("backup", str(backup))
        assert "has everything already" in again.stdout, again.stderr
        checked = footfall.run("verify")
        assert (checked.returncode, "The store has " in checked.stdout) == (0, True), checked.stdout + checked.stderr
        assert footfall.run("prune").returncode == 2
        assert footfall.stop() == 0
        whole = footfall.run("verify", "--deep")
        assert (whole.returncode, "No difference" in whole.stdout) == (0, True), whole.stdout
    kept = {path.name for path in backup.rglob("*") if path.is_file()}
    assert all(name.endswith((".parquet", ".json", ".zst", ".lock")) for name in kept)
    elsewhere = Footfall(there)
    restored = elsewhere.run("restore", str(backup))
    assert (restored.returncode, "Restored " in restored.stdout) == (0, True), restored.stderr
    assert elsewhere.run("restore", str(backup)).returncode == 2
    with running_footfall(there) as footfall:
        assert answers(footfall) == expected
        assert footfall.stop() == 0
    refused = elsewhere.run("forget", "example.com", "--yes")
    assert (refused.returncode, "remove its [[site]]" in refused.stderr) == (2, True)
    (there / "footfall.toml").write_text('[[site]]\ndomain = "other.example"\n')
    forgotten = elsewhere.run("forget", "example.com", "--yes")
    assert (forgotten.returncode, "Forgot example.com" in forgotten.stdout) == (0, True), forgotten.stderr
    assert elsewhere.run("verify", "--deep").returncode == 0
    assert sorted(os.listdir(there / "data" / "archive")) == ["removals.copy.json", "removals.json"]
