"""A dashboard full of counts, served for all tests of a module, and the browser that looks at it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from schema.settings import DashboardSettings, Settings
from support.browser import launch_chromium
from support.busy_site import SITES, fill, write_notes
from support.dashboard_client import SECRET, Client
from support.dashboard_server import serving
from support.embedded import shared_store
from support.rollup_rows import RowWriter


@dataclass(frozen=True)
class Dashboard:
    """Where it is, and what writes into its store."""

    address: str
    rows: RowWriter


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launch_chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """The dashboard of SITES with 60 days of counts; its tests only read."""
    directory: Path = tmp_path_factory.mktemp("data")
    settings = Settings(data_dir=directory, site=SITES, dashboard=DashboardSettings(share_secret=SECRET))
    write_notes(directory)
    with shared_store() as store:
        rows = RowWriter(store)
        fill(rows)
        with serving(store, Client(store, settings)) as address:
            yield Dashboard(address, rows)
