"""Each safeguard switched off in a copy of the tree: the test that is there for it must fail.

`python -m support.mutations [WORD …]`, with `tests` on the path, does so for all of them, or for those with such a
word in their name, prints a table, and ends with 1 if any test stayed green. With `--snippet` first it is what the
snippet does that is taken out, piece by piece, and its build that is run in between.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = Path(__file__).with_name("safeguards.toml")
SNIPPET_TABLE = Path(__file__).with_name("snippet_manners.toml")
COPIED = ("schema", "collector", "aggregator", "dashboard", "footfall", "tests", "pyproject.toml", "js-snippet")
BUILT = Path("collector", "static")
SECONDS = 90  # a test that hangs is red as well
EXIT_STAYED_GREEN = 1


@dataclass(frozen=True)
class Safeguard:
    """What protects the promise, how to switch it off, and the test that must then be red."""

    name: str
    file: str
    old: str
    new: str
    test: str

    def problem(self) -> str:
        """Why it cannot be tried: the source has changed, or there is no such test. Empty if it can."""
        found = (ROOT / self.file).read_text(encoding="utf-8").count(self.old)
        if found != 1:
            return f"{self.name}: its text is {found} times in {self.file}"
        return "" if has_test(self.test) else f"{self.name}: there is no {self.test}"

    def switch_off(self, root: Path) -> None:
        """Make the edit in the tree at `root`."""
        path = root / self.file
        path.write_text(path.read_text(encoding="utf-8").replace(self.old, self.new), encoding="utf-8")
        if Path(self.file).is_relative_to("js-snippet"):
            subprocess.run(["node", "build.mjs"], cwd=root / "js-snippet", check=True)

    def switch_on(self, root: Path) -> None:
        """Undo it."""
        shutil.copy(ROOT / self.file, root / self.file)
        shutil.copytree(ROOT / BUILT, root / BUILT, dirs_exist_ok=True)


def safeguards(table: Path = TABLE) -> list[Safeguard]:
    """All of them."""
    return [Safeguard(**entry) for entry in tomllib.loads(table.read_text(encoding="utf-8"))["safeguard"]]


def has_test(test: str) -> bool:
    """Whether `path::name` names a test function."""
    path, _, name = test.partition("::")
    if not (ROOT / path).is_file():
        return False
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def copy_tree(directory: Path) -> None:
    """Copy what the tests need."""
    ignored = shutil.ignore_patterns("__pycache__", "node_modules", ".*_cache")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, directory / name, ignore=ignored)
        else:
            shutil.copy(source, directory / name)
    (directory / "js-snippet" / "node_modules").symlink_to(ROOT / "js-snippet" / "node_modules")


def run_tests(root: Path, *tests: str) -> tuple[bool, str]:
    """Whether they all pass in the tree at `root`, which is where everything is imported from; and what was said."""
    path = os.pathsep.join([str(root), str(root / "tests")])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", f"--timeout={SECONDS}", *tests]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"pytest ended with {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    if " skipped" in done.stdout and " passed" not in done.stdout:
        raise RuntimeError(f"{tests} cannot run here: {done.stdout[-2000:]}")
    return done.returncode == 0, done.stdout


def main(words: list[str]) -> int:
    """Try them; print the table."""
    table = SNIPPET_TABLE if words[:1] == ["--snippet"] else TABLE
    words = words[table == SNIPPET_TABLE :]
    chosen = [each for each in safeguards(table) if not words or any(word in each.name for word in words)]
    if problems := [problem for each in chosen if (problem := each.problem())]:
        print("\n".join(problems))
        return EXIT_STAYED_GREEN
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        copy_tree(root)
        is_green, said = run_tests(root, *sorted({each.test for each in chosen}))
        if not is_green:
            print(f"{said}\nthese tests fail with every safeguard on")
            return EXIT_STAYED_GREEN
        print("| safeguard switched off | in | test | |\n| --- | --- | --- | --- |")
        green = [each.name for each in chosen if _stays_green(root, each)]
    print(f"\n{len(chosen)} safeguards, {len(chosen) - len(green)} red" + f", green: {green}" * bool(green))
    return EXIT_STAYED_GREEN if green else 0


def _stays_green(root: Path, safeguard: Safeguard) -> bool:
    safeguard.switch_off(root)
    is_green, _ = run_tests(root, safeguard.test)
    safeguard.switch_on(root)
    outcome = "GREEN" if is_green else "red"
    print(f"| {safeguard.name} | `{safeguard.file}` | `{safeguard.test}` | {outcome} |", flush=True)
    return is_green


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
