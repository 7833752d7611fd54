"""How long does a page's data take on a site with 50 million pageviews over 12 months, beside 99 others?"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from dashboard.counts import Counts
from dashboard.panels import FEW, PANELS
from dashboard.period import Period, parse_dates
from dashboard.query import Comparison, Operator, Query
from schema import migrate
from schema.batch import day_start_ms
from schema.store import Store
from schema.store_embedded import EmbeddedStore

PAGEVIEWS, OTHER_SITES, MONTHS = 50_000_000, 99, 12
SITE, FIRST = "busy.example", date(2025, 1, 1)
RUNS = 5
_PEOPLE = 3  # pageviews of a visit
_AT_ONCE = 500_000  # rows of one INSERT, as batches have them at most
_TOP = ("visitors", "visits", "pageviews", "views_per_visit", "bounce_rate", "visit_duration")
_FILTER = Comparison(Operator.IS, "visit:source", ("Source 1",))

# What every row has, of a hash `h` of its number: few values that are common, and a long tail.
_WHOSE = """
    concat('Channel ', toString(h % 8)) AS channel,
    concat('Source ', toString(toUInt32(pow((h % 1000) / 1000, 3) * 200))) AS source,
    concat('host', toString(toUInt32(pow((h % 1000) / 1000, 3) * 400)), '.example/') AS referrer,
    '' AS utm_medium, '' AS utm_source, if(h % 10 = 0, concat('campaign ', toString(h % 70)), '') AS utm_campaign,
    '' AS utm_term, '' AS utm_content,
    substring('DEFRUSGBITESNLPLSEDK', 1 + 2 * (intDiv(h, 8) % 10), 2) AS country,
    ['Mobile', 'Desktop', 'Tablet'][1 + intDiv(h, 64) % 3] AS device,
    ['Chrome', 'Safari', 'Firefox', 'Edge'][1 + intDiv(h, 512) % 4] AS browser,
    ['iOS', 'Android', 'Windows', 'Mac', 'Linux'][1 + intDiv(h, 4096) % 5] AS os
"""
_PATH = "concat('/page/', toString(toUInt32(pow((intDiv(h, 65536) % 100000) / 100000, 4) * 5000)))"


@dataclass(frozen=True)
class Timing:
    """Milliseconds of one question, the median of its runs."""

    name: str
    ms: float


def fill(store: Store, pageviews: int) -> None:
    """Write the counts of one busy site and of OTHER_SITES with a fifth of its pageviews together, month by month."""
    for month in range(MONTHS):
        first = date(FIRST.year + (FIRST.month - 1 + month) // 12, (FIRST.month - 1 + month) % 12 + 1, 1)
        for site, share in ((f"'{SITE}'", 1.0), (f"concat('site', toString(h % {OTHER_SITES}), '.example')", 0.2)):
            _fill_month(store, first, site, int(pageviews * share) // MONTHS)


def _fill_month(store: Store, first: date, site: str, count: int) -> None:
    start = day_start_ms(first) // 1000
    days = ((first.replace(day=28) + timedelta(days=4)).replace(day=1) - first).days
    for table, rows, columns in (
        ("pageviews", count, f"'host' AS hostname, {_PATH} AS path, {_WHOSE}, 1 AS pageviews, 1 AS visitors,"
         f" 1 AS active_visitors, 1 AS visits, h % {_PEOPLE} = 0 AS entries, h % {_PEOPLE} = 1 AS exits,"
         " h % 9 = 0 AS bounces, 9000 AS engaged_ms, 60 AS scroll_depth_sum, 1 AS scroll_depth_count"),
        ("visits", count // _PEOPLE, f"{_PATH} AS entry_path, {_PATH} AS exit_path, {_WHOSE}, 1 AS visits,"
         f" h % 5 > 0 AS visitors, h % 2 AS bounces, {_PEOPLE} AS pageviews, 0 AS events, 90 AS duration_seconds,"
         " 27000 AS engaged_ms"),
        ("events", count // 20, f"concat('event ', toString(h % 12)) AS name, {_PATH} AS path, {_WHOSE},"
         " '' AS currency, 1 AS events, 1 AS visitors, 1 AS visits, 0 AS revenue"),
    ):  # fmt: skip
        for offset in range(0, rows, _AT_ONCE):
            at = f"{start} + h % {days * 24} * 3600"
            store.execute(
                f"INSERT INTO {table} SELECT {site} AS site, toDate(toDateTime({at}, 'UTC')) AS day,"
                f" toDateTime({at}, 'UTC') AS hour, {columns}, 1 AS batch"
                f" FROM (SELECT cityHash64(number, {start}) AS h FROM numbers({offset},"
                f" {min(_AT_ONCE, rows - offset)}))"
            )


def time_questions(store: Store, runs: int) -> list[Timing]:
    """Ask every panel's question, unfiltered and filtered, and a plain sum, in turn; return the medians."""
    counts, now_ms = Counts(store, []), day_start_ms(date(FIRST.year + 1, 1, 1)) - 1
    year = parse_dates(FIRST.isoformat(), date(FIRST.year, 12, 31).isoformat(), ZoneInfo("UTC"))
    plain = f"SELECT sum(pageviews) FROM pageviews WHERE site = '{SITE}'"
    questions: dict[str, Callable[[], object]] = {"a plain sum(pageviews)": lambda: store.query(plain)}
    for query in _page(year):
        name = " by ".join((query.metrics[0], *query.dimensions)) if query.dimensions else "top numbers"
        filtered = Query(**{**vars(query), "conditions": (_FILTER,)})
        questions[name] = lambda query=query: counts.ask(query, now_ms)  # type: ignore[misc]
        if not set(query.dimensions) & {"visit:source"}:
            questions[f"{name}, of one source"] = lambda query=filtered: counts.ask(query, now_ms)  # type: ignore[misc]
    questions["the first page's data"] = lambda: [counts.ask(query, now_ms) for query in _first_page(year)]
    taken: dict[str, list[float]] = {name: [] for name in questions}
    for _ in range(runs + 1):  # the first run only warms up
        for name, ask in questions.items():
            begun = time.perf_counter()
            ask()
            taken[name].append(1000 * (time.perf_counter() - begun))
    return [Timing(name, statistics.median(found[1:])) for name, found in taken.items()]


def _page(period: Period) -> list[Query]:
    """The questions of all tabs, the numbers at the top, and the chart."""
    tabs = {tab.dimension: tab for panel in PANELS for tab in panel.tabs if not tab.dimension.startswith("rejection")}
    lists = [
        Query(SITE, period, ("events" if dimension == "event:name" else "visits",), (dimension,), limit=FEW + 1)
        for dimension in tabs
    ]
    return [Query(SITE, period, _TOP), Query(SITE, period, ("visitors",), ("time:day",)), *lists]


def _first_page(period: Period) -> list[Query]:
    """What is asked when the page is opened: numbers and chart twice, with the period before, and each front tab."""
    top, chart, *_ = _page(period)
    fronts = [panel.tabs[0].dimension for panel in PANELS]
    return [top, top, chart, chart, *(query for query in _page(period)[2:] if query.dimensions[0] in fronts)]


def measure(pageviews: int = PAGEVIEWS, runs: int = RUNS) -> str:
    """Fill a store, ask it, and return a section of the report."""
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as directory:
        store = EmbeddedStore(Path(directory))
        migrate.apply(store)
        fill(store, pageviews)
        timings = time_questions(store, runs)
        store.close()
    lines = [f"| {timing.name} | {timing.ms:.0f} |" for timing in timings]
    return "\n".join(
        [
            "## A site's page",
            "",
            f"One site with {pageviews:,} pageviews over {MONTHS} months beside {OTHER_SITES} others, embedded store,"
            f" questions about all of the year, median of {runs} runs.",
            "",
            "| question | ms |",
            "| --- | ---: |",
            *lines,
        ]
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pageviews", type=int, default=PAGEVIEWS)
    parser.add_argument("--runs", type=int, default=RUNS)
    given = parser.parse_args()
    print(measure(given.pageviews, given.runs))
