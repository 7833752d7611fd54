"""How fast does a ClickHouse server take the demo's year and answer every panel, beside the embedded engine?"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from aggregator.archive import Archive
from aggregator.day import Day
from aggregator.loader import Loader
from aggregator.local_time import LocalTime
from aggregator.projections import complete
from benchmarks.clickhouse import URL, Server
from benchmarks.tab_questions import question_of
from dashboard.counts import Counts
from dashboard.panels import PANELS
from dashboard.period import parse_period
from footfall.demo_traffic import Traffic
from schema import migrate
from schema.batch import day_start_ms
from schema.rollups import ROLLUPS
from schema.store import Store
from schema.store_embedded import EmbeddedStore
from schema.store_server import ServerStore

SITE, END = "example.com", date(2026, 3, 10)
RUNS = 5


def measure(days: int) -> str:
    """Load `days` days into each store, ask each panel of all of them; a section of the report."""
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as name:
        directory = Path(name)
        archive = _archive(directory / "archive", days)
        with Server(directory / "clickhouse"):
            embedded, server = EmbeddedStore(directory / "warehouse"), ServerStore(URL)
            plain = ServerStore(f"{URL}?compression=none")
            loads = {
                "chDB 26.9, embedded": _load(archive, embedded),
                "ClickHouse 18.16, LZ4": _load(archive, server),
                "ClickHouse 18.16, not compressed": _load(archive, plain),
            }
            rows = _ask_all(embedded, server)
            for store in (embedded, server, plain):
                store.close()
    return _section(days, loads, rows)


def _archive(root: Path, days: int) -> Archive:
    archive, first, traffic = Archive(root, 1), END - timedelta(days=days), Traffic(SITE)
    zones = LocalTime({SITE: ZoneInfo("UTC")})
    for number in range(days):
        today = first + timedelta(days=number)
        day = Day(today, zones)
        day.absorb(traffic.records(today, first))
        archive.write_day(today, day.live())
    return archive


def _load(archive: Archive, store: Store) -> tuple[int, float, float]:
    """Return how many rows were loaded, in how many seconds, and of our own processor."""
    migrate.apply(store)
    for rollup in ROLLUPS:
        store.execute(f"TRUNCATE TABLE {rollup.name}")
    started, cpu = time.perf_counter(), time.process_time()
    rows = Loader(archive, store).reconcile().inserted_rows
    took = rows, time.perf_counter() - started, time.process_time() - cpu
    complete(store)  # what panels read
    return took


def _ask_all(embedded: Store, server: Store) -> list[tuple[str, float, float]]:
    """Return each panel's tab with the median milliseconds of its question about all time, asked in turn."""
    now = day_start_ms(END)
    year = parse_period("12mo", END, ZoneInfo("UTC"))
    rows = []
    for panel in PANELS:
        for tab in panel.tabs:
            query = question_of(tab, SITE, year)
            if query is None:
                continue
            times: dict[int, list[float]] = {0: [], 1: []}
            for _ in range(RUNS):
                for number, store in enumerate((embedded, server)):
                    times[number].append(_milliseconds(lambda: Counts(store, []).ask(query, now)))  # noqa: B023
            rows.append((f"{panel.title}: {tab.title}", statistics.median(times[0]), statistics.median(times[1])))
    return rows


def _milliseconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - started)


def _section(days: int, loads: dict[str, tuple[int, float, float]], rows: list[tuple[str, float, float]]) -> str:
    return "\n".join(
        [
            "## A ClickHouse server",
            "",
            f"{days} days of the demo, loaded from the archive as after a loss of the store, each batch checked before"
            " and after. The server is Debian's 18.16.1 on the same machine, on plain MergeTree: no projections, no"
            " LowCardinality.",
            "",
            "| store | rows | seconds | rows/s | CPU seconds of ours |",
            "| --- | ---: | ---: | ---: | ---: |",
            *(
                f"| {name} | {count:,} | {seconds:.1f} | {count / seconds:,.0f} | {cpu:.1f} |"
                for name, (count, seconds, cpu) in loads.items()
            ),
            "",
            f"Each panel's question about the last twelve months, in milliseconds, median of {RUNS} in turn:",
            "",
            "| panel | chDB 26.9 | ClickHouse 18.16 |",
            "| --- | ---: | ---: |",
            *(f"| {name} | {embedded:.0f} | {server:.0f} |" for name, embedded, server in rows),
        ]
    )
