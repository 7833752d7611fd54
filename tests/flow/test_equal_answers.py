"""The oldest and the newest engine, loaded from one archive, give equal answers to everything that can be asked."""

import os
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import pytest

from dashboard.formulas import METRICS
from dashboard.panels import PANELS
from dashboard.vocabulary import DIMENSIONS, TIME
from schema import migrate
from schema.rollups import ROLLUPS
from schema.store_server import ServerStore
from support.dashboard_client import Client, token
from support.demo_archive import demo_archive, load
from support.embedded import shared_store
from support.server_process import server_process

DAYS = int(os.environ.get("FOOTFALL_TEST_EQUAL_DAYS", "40"))  # 365 is all of the demo
VISITORS = 0 if DAYS >= 365 else 50
PERIODS = ("day", "28d", "month", "6mo", "all")
FILTERS: Mapping[str, list[Any]] = {
    "a source": ["is", "visit:source", ["Google"]],
    "a country and a device": ["and", [["is", "visit:country", ["DE"]], ["is_not", "visit:device", ["Mobile"]]]],
    "a page": ["contains", "event:page", ["a"]],
    "an event": ["is", "event:goal", ["Sign-up"]],
}
Both = tuple[Client, Client]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """The dashboard on the newest engine, and on the oldest."""
    directory = tmp_path_factory.mktemp("equal")
    archive = demo_archive(directory / "archive", DAYS, VISITORS)
    with server_process(directory / "clickhouse") as server, shared_store() as newest:
        oldest = ServerStore(server.url)
        migrate.apply(oldest)
        assert load(archive, newest) == load(archive, oldest) > 1000
        yield Client(newest).sign_in(), Client(oldest).sign_in()
        oldest.close()


def ask_both(both: Both, **question: Any) -> bool:
    """Ask; the answers must be equal. Return whether there were any rows."""
    newest, oldest = (client.query(token(), **question) for client in both)
    assert newest.status_code == oldest.status_code in (200, 400)
    assert newest.json() == oldest.json()
    return bool(newest.json().get("results"))


def test_every_row_is_the_same(both: Both) -> None:
    for rollup in ROLLUPS:
        names = ", ".join(f"toUnixTimestamp({one.name})" if one.name == "hour" else one.name for one in rollup.columns)
        newest, oldest = (client.store.query(f"SELECT {names} FROM {rollup.name} ORDER BY {names}") for client in both)
        assert newest == oldest


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_by_every_dimension(both: Both, metric: str) -> None:
    found = [
        ask_both(both, metrics=[metric], dimensions=dimensions, date_range=period)
        for dimensions, period in product([[], *([one] for one in DIMENSIONS)], ("28d", "all"))
    ]
    assert any(found)


@pytest.mark.parametrize("time", TIME)
def test_every_dimension_over_time(both: Both, time: str) -> None:
    assert any(
        ask_both(both, metrics=["visitors"], dimensions=[time, *more], date_range="28d")
        for more in [[], *([one] for one in DIMENSIONS)]
    )


@pytest.mark.parametrize("name", FILTERS)
def test_every_dimension_with_filters(both: Both, name: str) -> None:
    for dimension, metric in product(DIMENSIONS, ("visitors", "pageviews")):
        ask_both(both, metrics=[metric], dimensions=[dimension], filters=[FILTERS[name]], date_range="all")


@pytest.mark.parametrize("period", PERIODS)
def test_every_page_and_panel_reads_the_same(both: Both, period: str) -> None:
    tabs = max(len(panel.tabs) for panel in PANELS)
    for number in range(tabs):
        chosen = "&".join(f"{panel.name}={panel.tabs[number % len(panel.tabs)].name}" for panel in PANELS)
        newest, oldest = (client.get(f"/example.com?period={period}&{chosen}") for client in both)
        assert newest.status_code == oldest.status_code == 200
        assert newest.text == oldest.text
