"""The wheel: five packages, all their files, and a command that starts in an empty directory."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {"schema", "collector", "aggregator", "dashboard", "footfall"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(target.glob("*.whl"))


def test_the_wheel_holds_the_five_packages_and_nothing_else(wheel: Path) -> None:
    top = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in top if not name.endswith(".dist-info")} == PACKAGES


@pytest.mark.parametrize(
    "name",
    [
        "schema/migrations/0001_rollups.sql",
        "collector/static/default.js",
        "collector/sources.toml",
        "dashboard/templates/site.html",
        "footfall/example/home.html",
    ],
)
def test_the_wheel_holds_what_is_not_python(wheel: Path, name: str) -> None:
    assert name in zipfile.ZipFile(wheel).namelist()


def test_the_command_starts_from_the_wheel_in_an_empty_directory(wheel: Path, tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(installed)
    program = f"import sys; sys.path.insert(0, {str(installed)!r}); from footfall.cli import main; main()"
    run = subprocess.run(
        [sys.executable, "-c", program, "check-settings"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert 'domain = "example.com"' in run.stdout


def test_the_locks_name_no_index() -> None:
    for lock in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / lock).read_text(encoding="utf-8")
        assert "://" not in text
        assert "--index" not in text
        assert text.count("==") <= text.count("--hash=sha256:")
