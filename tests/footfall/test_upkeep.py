"""The owner's commands where something is wrong: each says what, changes nothing, and its exit code says so too."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from aggregator.restoring import begin_restoring
from support.batches import flip_bit
from support.processes import Footfall
from support.two_sites import two_sites

MARKER = "footfall-backup.json"


@pytest.fixture
def footfall(tmp_path: Path) -> Footfall:
    """Two sites in an archive, of which the settings have one."""
    two_sites(tmp_path / "data" / "archive")
    return Footfall(tmp_path)


@pytest.mark.parametrize(
    "command", [("verify",), ("ledger",), ("replay", "--check"), ("prune",), ("forget", "x.example", "--yes")]
)
def test_a_directory_that_is_not_there_is_no_empty_one_in_good_order(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = Footfall(tmp_path).run(*command)
    assert (done.returncode, "data_dir" in done.stderr) == (2, True), done.stdout
    assert not (tmp_path / "data").exists()


def test_nor_is_it_backed_up_or_moved(tmp_path: Path) -> None:
    assert Footfall(tmp_path).run("backup", str(tmp_path / "backup")).returncode == 2
    assert Footfall(tmp_path).run("migrate-store", "--to", f"chdb:{tmp_path}/other").returncode == 2
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("command", ["verify", "restore"])
@pytest.mark.parametrize("what", ["nothing", "empty", "a part of one"])
def test_what_is_no_backup_is_not_a_whole_one(footfall: Footfall, tmp_path: Path, command: str, what: str) -> None:
    place = tmp_path / "place"
    if what == "empty":
        place.mkdir()
    elif what == "a part of one":
        shutil.copytree(tmp_path / "data" / "archive", place)
    done = footfall.run(command, *(["--backup"] if command == "verify" else []), str(place))
    assert (done.returncode, "is not a backup" in done.stderr) == (2, True), done.stdout


def test_a_backup_that_was_never_completed_is_not_in_order(footfall: Footfall, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    assert footfall.run("backup", str(backup)).returncode == 0
    whole = footfall.run("verify", "--backup", str(backup))
    assert (whole.returncode, "It was last complete on" in whole.stdout) == (0, True)
    (backup / MARKER).write_text(json.dumps({"node": 1}))
    done = footfall.run("verify", "--backup", str(backup))
    assert (done.returncode, "never completed" in done.stdout) == (1, True)
    elsewhere = Footfall(tmp_path / "elsewhere")
    elsewhere.directory.mkdir()
    refused = elsewhere.run("restore", str(backup))
    assert (refused.returncode, "--incomplete" in refused.stderr) == (2, True)
    assert elsewhere.run("restore", "--incomplete", str(backup)).returncode == 0
    assert elsewhere.run("verify").returncode == 0


@pytest.mark.parametrize(
    "words", ["verify", "prune", "aggregate", "dashboard", "serve", "backup backup", "migrate-store --to chdb:other"]
)
def test_what_is_half_restored_is_nothing_to_work_on(footfall: Footfall, tmp_path: Path, words: str) -> None:
    begin_restoring(tmp_path / "data" / "archive")
    if words == "prune":
        (tmp_path / "footfall.toml").write_text('[[site]]\ndomain = "example.com"\n[aggregator]\nkeep_months = 1\n')
    done = footfall.run(*words.split())
    assert (done.returncode, "run footfall restore again" in done.stderr) == (2, True), done.stdout


@pytest.mark.parametrize("site", ["", "EXAMPLE.com", "https://leaving.example", "www.leaving.example"])
def test_what_is_no_domain_cannot_be_forgotten(footfall: Footfall, tmp_path: Path, site: str) -> None:
    done = footfall.run("forget", site, "--yes")
    assert (done.returncode, "SITE" in done.stderr) == (2, True), done.stdout
    assert not (tmp_path / "data" / "archive" / "removals.json").exists()


def test_forgetting_says_whether_there_was_anything(footfall: Footfall) -> None:
    assert "had anything of nosuch.example" in footfall.run("forget", "nosuch.example", "--yes").stdout
    assert "Forgot leaving.example: " in footfall.run("forget", "leaving.example", "--yes").stdout


def test_what_differs_is_said_with_a_way_to_mend_it(footfall: Footfall, tmp_path: Path) -> None:
    flip_bit(next((tmp_path / "data" / "archive").glob("2026-01-31/*.visits.parquet")))
    done = footfall.run("verify")
    assert done.returncode == 1
    assert "put a backup's files in the place of damaged ones" in done.stdout
    assert "What the store lacks is loaded when Footfall starts" in done.stdout
