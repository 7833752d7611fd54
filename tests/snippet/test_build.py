"""The files that the collector serves are those that the source makes; they are small, and any choice of parts runs."""

from __future__ import annotations

import gzip
import itertools
import json
import subprocess
from pathlib import Path

import pytest

from collector.script_sections import compose, make_script
from schema.snippet import FEATURES, PRESETS

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "collector" / "static"
BUDGETS = {"pageviews": 500, "default": 1000, "all": 1400}
MANY = 400


@pytest.mark.parametrize(("preset", "budget"), BUDGETS.items())
def test_a_script_keeps_its_budget(preset: str, budget: int) -> None:
    assert len(gzip.compress((STATIC / f"{preset}.js").read_bytes(), 9, mtime=0)) <= budget


def test_what_is_served_is_what_the_source_builds(built: Path) -> None:
    names = sorted(path.name for path in STATIC.iterdir())
    assert names == sorted(path.name for path in (built / "collector" / "static").iterdir())
    for name in names:
        fresh = (built / "collector" / "static" / name).read_bytes()
        assert fresh == (STATIC / name).read_bytes(), "run `make snippet` and commit the result"


def test_features_are_named_as_in_the_source() -> None:
    sections = (STATIC / "sections.js").read_text()
    names = {name for mark in sections.split("/*<")[1:] for name in mark.partition("*/")[0].split("|")}
    assert {name.removeprefix("!") for name in names} - {"script"} == set(FEATURES)
    assert set(PRESETS) == set(BUDGETS)


def test_the_presets_are_the_same_for_build_and_collector(built: Path) -> None:
    for preset, features in PRESETS.items():
        command = ["node", "build.mjs", "--features", ",".join(features)]
        script = subprocess.run(command, cwd=built / "js-snippet", check=True, capture_output=True, timeout=60).stdout
        assert script == (STATIC / f"{preset}.js").read_bytes()


def test_collector_and_build_put_sections_together_alike(built: Path, tmp_path: Path) -> None:
    """And each choice is JavaScript."""
    sections = (STATIC / "sections.js").read_text()
    choices = [()] + [(name,) for name in FEATURES] + list(itertools.combinations(FEATURES, 2))
    choices += [tuple(name for name in FEATURES if name != left_out) for left_out in FEATURES]
    choices += [tuple(itertools.compress(FEATURES, map(int, f"{n * 81 % 32768:015b}"))) for n in range(MANY)]
    expected = [[choice, compose(sections, choice)] for choice in choices]
    (tmp_path / "expected.json").write_text(json.dumps(expected))
    check = tmp_path / "check.mjs"
    check.write_text(
        f"""
        import {{ readFileSync }} from "node:fs";
        import {{ compose }} from {json.dumps((built / "js-snippet" / "sections.mjs").as_uri())};
        const sections = readFileSync({json.dumps(str(STATIC / "sections.js"))}, "utf8");
        const expected = JSON.parse(readFileSync({json.dumps(str(tmp_path / "expected.json"))}, "utf8"));
        for (const [features, script] of expected) {{
          if (compose(sections, ["script", ...features]) !== script) throw new Error(`differs: ${{features}}`);
          new Function(script);
        }}
        console.log("alike");
        """
    )
    answer = subprocess.run(["node", str(check)], capture_output=True, text=True, timeout=120, check=False)
    assert answer.stdout == "alike\n", answer.stderr


@pytest.mark.parametrize("features", [("nothing",), ("default", "../secret"), ("!manual",), ("script",)])
def test_what_is_no_feature_makes_no_script(features: tuple[str, ...]) -> None:
    assert make_script(features) is None


def test_manual_page_views_bring_the_function_they_need() -> None:
    assert make_script(("manual",)) == make_script(("events", "manual"))


def test_a_script_uses_no_name_that_it_leaves_out(built: Path, tmp_path: Path) -> None:
    """Type-check each feature alone: whatever is not declared is an error."""
    for choice in [(), *((name,) for name in FEATURES)]:
        script = make_script(choice)
        assert script is not None
        (tmp_path / f"{'-'.join(choice) or 'none'}.js"[:60]).write_bytes(b"export {};" + script.content)
    files = sorted(str(path) for path in tmp_path.glob("*.js"))
    tsc = built / "js-snippet" / "node_modules" / ".bin" / "tsc"
    options = ["--noEmit", "--allowJs", "--checkJs", "--skipLibCheck", "--target", "es2022", "--lib", "es2022,dom"]
    command = [str(tsc), *options, *files]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    unknown = [line for line in answer.stdout.splitlines() if "TS2304" in line or "TS2552" in line]
    assert [line for line in unknown if "'navigation'" not in line] == []  # newer than the compiler's browser


def test_lock_names_no_address() -> None:
    packages = json.loads((ROOT / "js-snippet" / "package-lock.json").read_text())["packages"]
    assert packages
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert all("integrity" in package for name, package in packages.items() if name)
