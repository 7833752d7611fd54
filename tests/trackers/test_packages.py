"""The trackers come from the registry at test time, exactly these: none of their code is kept here."""

from __future__ import annotations

import json
from pathlib import Path

HERE = Path(__file__).parent


def test_lock_names_versions_and_no_address() -> None:
    packages = json.loads((HERE / "package-lock.json").read_text())["packages"]
    wanted = json.loads((HERE / "package.json").read_text())["devDependencies"]
    locked = {name.removeprefix("node_modules/"): package for name, package in packages.items() if name}
    assert {name: package["version"] for name, package in locked.items()} == wanted
    assert all("integrity" in package and "resolved" not in package for package in locked.values())
