"""The file that the collector serves is the one that the source makes, and it is small."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from pathlib import Path

from support.browser import SCRIPT

SNIPPET = SCRIPT.parents[2] / "js-snippet"
BUDGET_BYTES = 1000


def test_script_is_under_a_thousand_bytes_compressed() -> None:
    assert len(gzip.compress(SCRIPT.read_bytes(), 9, mtime=0)) < BUDGET_BYTES


def test_script_is_what_the_source_builds(tmp_path: Path) -> None:
    copy = tmp_path / "js-snippet"
    shutil.copytree(SNIPPET, copy, ignore=shutil.ignore_patterns("node_modules"))
    built = tmp_path / "collector" / "static" / "script.js"
    built.parent.mkdir(parents=True)
    for arguments in (["ci"], ["run", "build"]):
        subprocess.run(["npm", *arguments], cwd=copy, check=True, capture_output=True, timeout=300)
    assert built.read_bytes() == SCRIPT.read_bytes(), "run `npm run build` in js-snippet/ and commit the result"


def test_lock_names_no_address() -> None:
    packages = json.loads((SNIPPET / "package-lock.json").read_text())["packages"]
    assert packages
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert all("integrity" in package for name, package in packages.items() if name)
