"""Rules about who may read what that no import rule can state: looked up in the syntax trees of the sources."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("schema", "collector", "aggregator", "dashboard", "footfall")
SOURCES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def name_of(path: Path) -> str:
    return f"{path.parent.name}.{path.stem}"


def attributes(path: Path) -> Iterator[str]:
    """Every `x.name` that the file reads."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            yield node.attr


def imports(path: Path) -> set[str]:
    """The first names of all modules that the file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize("secret", ["address", "user_agent"])
def test_only_anonymise_reads_an_address_or_a_user_agent(secret: str) -> None:
    readers = {name_of(path) for path in SOURCES if path.parent.name == "collector" and secret in attributes(path)}
    assert readers == {"collector.anonymise"}


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_hash_library_but_the_two_that_were_chosen(path: Path) -> None:
    assert not imports(path) & {"hashlib", "hmac", "_hashlib", "cryptography"}


def test_only_load_settings_reads_the_environment() -> None:
    readers = {name_of(path) for path in SOURCES if {"environ", "getenv", "environb"} & set(attributes(path))}
    assert readers == {"schema.load_settings"}


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_nothing_is_printed_but_by_the_command(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert "print" not in calls


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_file_is_longer_than_a_reader_likes(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300
