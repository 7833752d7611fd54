"""One Chromium for the tests of a file; for each, a fresh tab, a site on another origin, and a collector."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from snippet.tab import Tab
from support.browser import ORDINARY_USER_AGENT, PageServer, RecordingCollector, launch_chromium

SNIPPET = Path(__file__).parents[2] / "js-snippet"


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh directory with js-snippet/ and what its build makes."""
    root = tmp_path_factory.mktemp("built")
    shutil.copytree(SNIPPET, root / "js-snippet", ignore=shutil.ignore_patterns("node_modules", "dist"))
    (root / "collector" / "static").mkdir(parents=True)
    for arguments in (["ci"], ["run", "build"]):
        subprocess.run(["npm", *arguments], cwd=root / "js-snippet", check=True, capture_output=True, timeout=300)
    return root


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with launch_chromium() as browser:
        yield browser


@pytest.fixture
def collector() -> Iterator[RecordingCollector]:
    with RecordingCollector() as collector:
        yield collector


@pytest.fixture
def embed(collector: RecordingCollector) -> Callable[..., str]:
    """Return a function that makes a page with the snippet: its attributes, what is around it, and its features."""

    def page(
        attributes: str = "data-test", head: str = "", body: str = "<h1>A page</h1>", features: str = "all"
    ) -> str:
        source = collector.url(f"/js/script.{features}.js")
        tag = f'<script defer data-domain="example.com" {attributes} src="{source}"></script>'
        return f"<!doctype html><title>A page</title>{head}{tag}{body}"

    return page


@pytest.fixture
def site(embed: Callable[..., str]) -> Iterator[PageServer]:
    with PageServer({path: embed() for path in ("/", "/one", "/two")}) as site:
        yield site


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(
        user_agent=ORDINARY_USER_AGENT, timezone_id="Europe/Berlin", viewport={"width": 1280, "height": 800}
    )
    yield context
    context.close()


@pytest.fixture
def tab(context: BrowserContext) -> Iterator[Tab]:
    tab = Tab(context.new_page())
    yield tab
    assert tab.errors == [], "the snippet threw into the page"
