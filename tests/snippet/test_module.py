"""The module for bundlers: its types hold, a server may import it, and esbuild's bundle of it counts in Chromium."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from snippet.tab import Tab
from support.browser import PageServer, RecordingCollector

APPLICATION = """
import { start, footfall } from "footfall-js-snippet/all";
footfall("Early", { props: { from: "queue" } });
start({
  domain: "example.com", collector: "COLLECTOR", test: true, hash: false, exclude: ["/private/*", "/drafts"],
  transform: (beacon) => (beacon.n == "Secret" ? null : { ...beacon, extra: 1 }),
});
footfall("Secret");
footfall("Order", { revenue: { currency: "EUR", amount: 9.5 }, interactive: false });
start({ collector: "https://elsewhere.test" });
"""


@pytest.fixture(scope="module")
def application(built: Path) -> Path:
    """A project that has the package installed, as it would be published."""
    package = built / "node_modules" / "footfall-js-snippet"
    package.mkdir(parents=True)
    shutil.copy(built / "js-snippet" / "package.json", package)
    shutil.copytree(built / "js-snippet" / "dist", package / "dist")
    return built


def run(application: Path, *command: str) -> subprocess.CompletedProcess[str]:
    tools = application / "js-snippet" / "node_modules" / ".bin"
    tool = tools / command[0] if (tools / command[0]).exists() else Path(command[0])
    line = [str(tool), *command[1:]]
    return subprocess.run(line, cwd=application, capture_output=True, text=True, timeout=300, check=False)


def test_a_bundle_counts(application: Path, tab: Tab, collector: RecordingCollector) -> None:
    (application / "app.js").write_text(APPLICATION.replace("COLLECTOR", collector.url()))
    bundled = run(application, "esbuild", "app.js", "--bundle", "--format=esm")
    assert bundled.returncode == 0, bundled.stderr
    page = f"<!doctype html><title>App</title><body><script type='module'>{bundled.stdout}</script>"
    with PageServer({"/app": page}) as site:
        tab.open(site, "/app#part")
        tab.run("() => { history.pushState({}, '', '/private/one'); history.pushState({}, '', '/two') }")
        names = [name for name in tab.names_so_far(collector) if not name.startswith("engagement")]
    assert names == ["pageview /app", "Early /app", "Order /app", "pageview /two"]
    assert {beacon["extra"] for beacon in tab.beacons} == {1}
    assert tab.beacons[1]["props"] == {"from": "queue"}


def test_a_server_may_import_it(application: Path) -> None:
    (application / "server.mjs").write_text(
        'import { footfall } from "footfall-js-snippet"; footfall("Nothing"); console.log("served");'
    )
    assert run(application, "node", "server.mjs").stdout == "served\n"


def test_its_types_hold(application: Path) -> None:
    options = ("--noEmit", "--strict", "--skipLibCheck", "--target", "es2022")
    options += ("--module", "esnext", "--moduleResolution", "bundler")
    right = APPLICATION.replace("COLLECTOR", "https://stats.test")
    (application / "right.ts").write_text(right)
    (application / "wrong.ts").write_text(right.replace("test: true", "test: 'yes'").replace('("Secret")', "(7)"))
    said = run(application, "tsc", *options, "right.ts", "wrong.ts").stdout
    assert (said.count("wrong.ts("), said.count("right.ts(")) == (2, 0), said
