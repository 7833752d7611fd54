"""Trackers as npm has them, one collector, one Chromium; for each test a visit."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from schema.hit import RejectedHit
from support.browser import ORDINARY_USER_AGENT, launch_chromium
from support.processes import Footfall, wait_until
from trackers.visit import TrackerSite, Visit, records_in

HERE = Path(__file__).parent
TWO_SITES = '[[site]]\ndomain = "example.com"\n[[site]]\ndomain = "shop.example"\n'


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trackers, as `npm ci` installs them."""
    directory = tmp_path_factory.mktemp("trackers")
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(HERE / name, directory)
    subprocess.run(["npm", "ci"], cwd=directory, check=True, capture_output=True, timeout=300)
    return directory / "node_modules"


@pytest.fixture(scope="session")
def footfall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Footfall]:
    directory = tmp_path_factory.mktemp("footfall")
    directory.joinpath("footfall.toml").write_text(TWO_SITES)
    footfall = Footfall(directory, {"COLLECTOR__WORKERS": "1"}, ("collect",))
    footfall.launch()
    try:
        wait_until(footfall.collector_is_ready, 60, "the collector is ready")
        yield footfall
    finally:
        footfall.kill_everything()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """An ordinary Chromium from its start: what a page sends while it is left has the browser's own user agent, not the
    one that a context was given."""
    with launch_chromium(f"--user-agent={ORDINARY_USER_AGENT}") as browser:
        yield browser


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A person's browser: both trackers ask for `__plausible` before they count a browser that a test drives."""
    context = chromium.new_context(timezone_id="Europe/Berlin")
    context.add_init_script("window.__plausible = true")
    yield context
    context.close()


@pytest.fixture
def site(packages: Path) -> Iterator[TrackerSite]:
    with TrackerSite(packages) as site:
        yield site


@pytest.fixture
def visit(context: BrowserContext, site: TrackerSite, footfall: Footfall) -> Iterator[Visit]:
    """A visit; nothing in it may throw into the page, nor, unless it is to be refused, be anything but counted."""
    rejected = len(rejections(footfall))
    visit = Visit(context.new_page(), site, footfall)
    yield visit
    wait_until(visit.is_answered, what=f"an answer to each of {visit.sent}")
    assert visit.errors == []
    if not visit.is_refused:
        assert set(visit.statuses) <= {202}
        assert rejections(footfall)[rejected:] == []


def rejections(footfall: Footfall) -> list[RejectedHit]:
    """What the collector decided not to count until now."""
    return [record for record in records_in(footfall.data_dir / "spool") if isinstance(record, RejectedHit)]
