"""The documentation is held to the code: settings, commands, tables, Makefile."""

import dataclasses
import re
import typing
from pathlib import Path

import pytest
import typer

from dashboard.words import REJECTION_NAMES
from footfall.cli import app
from schema.hit import Rejection
from schema.rollups import ROLLUPS
from schema.settings import Settings, SiteSettings

ROOT = Path(__file__).parents[2]
SETTINGS_PAGE = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
COUNTING = (ROOT / "docs/counting.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def every_setting() -> list[tuple[str, str]]:
    """(dotted name, meaning) of each setting, as the code declares it."""
    found = []
    for field in dataclasses.fields(Settings):
        kind = typing.get_type_hints(Settings)[field.name]
        section = SiteSettings if field.name == "site" else kind
        if dataclasses.is_dataclass(section):
            found += [(f"{field.name}.{key.name}", key.metadata["meaning"]) for key in dataclasses.fields(section)]
        else:
            found.append((field.name, field.metadata["meaning"]))
    return found


def every_command() -> list[str]:
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    return [name for name, command in group.commands.items() if not command.hidden]


@pytest.mark.parametrize(("name", "meaning"), every_setting())
def test_every_setting_is_documented_with_its_meaning(name: str, meaning: str) -> None:
    row = next((line for line in SETTINGS_PAGE.splitlines() if line.startswith(f"| `{name}` |")), "")
    assert meaning in row


def test_no_setting_is_documented_that_does_not_exist() -> None:
    documented = set(re.findall(r"^\| `([a-z_.]+)` \|", SETTINGS_PAGE, re.MULTILINE))
    assert documented == {name for name, _ in every_setting()}


@pytest.mark.parametrize("command", every_command())
def test_every_command_is_in_the_readme(command: str) -> None:
    assert f"`footfall {command}" in README


@pytest.mark.parametrize("rollup", ROLLUPS, ids=lambda rollup: rollup.name)
def test_every_table_and_measure_is_in_the_architecture(rollup) -> None:  # type: ignore[no-untyped-def]
    row = next((line for line in ARCHITECTURE.splitlines() if line.startswith(f"| `{rollup.name}` |")), "")
    assert all(measure in row for measure in rollup.measure_names), row


def test_the_commands_of_the_readme_are_the_makefiles() -> None:
    first_screen = "\n".join(README.splitlines()[:40])
    assert "make run" in first_screen
    assert "make test" in first_screen
    for target in set(re.findall(r"\bmake ([a-z-]+)", README)):
        assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE), target


def test_the_readme_shows_the_dashboard() -> None:
    picture = re.search(r"!\[[^\]]+\]\(([^)]+)\)", "\n".join(README.splitlines()[:40]))
    assert picture
    assert (ROOT / picture[1]).stat().st_size > 10_000


def test_every_source_file_is_on_the_code_map() -> None:
    folders = ("schema", "collector", "aggregator", "dashboard", "footfall")
    files = [path for folder in folders for path in (ROOT / folder).glob("*.py") if not path.name.startswith("__")]
    missing = [f"{path.parent.name}/{path.name}" for path in files if f"`{path.stem}`" not in ARCHITECTURE]
    assert not missing


def test_every_reason_not_to_count_is_explained_and_has_words_on_the_dashboard() -> None:
    explained = {line.split("`")[1] for line in COUNTING.splitlines() if line.startswith("| `")}
    assert explained == set(Rejection) == set(REJECTION_NAMES)
