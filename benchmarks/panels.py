"""How long does a page's data take on a site with 50 million pageviews over 12 months, beside 99 others?"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks.busy_site import ASSUMPTION, FIRST, OTHER_SITES, SITE, fill, settle
from benchmarks.tab_questions import question_of
from dashboard.counts import Counts
from dashboard.panels import PANELS
from dashboard.period import Period, parse_dates
from dashboard.query import Comparison, Condition, Operator, Query
from schema import migrate
from schema.batch import day_start_ms
from schema.store import Store
from schema.store_embedded import EmbeddedStore

PAGEVIEWS, RUNS = 50_000_000, 5
_TOP = ("visitors", "visits", "pageviews", "views_per_visit", "bounce_rate", "visit_duration")
_FILTER = Comparison(Operator.IS, "visit:source", ("Source 1",))


@dataclass(frozen=True)
class Timing:
    """Milliseconds of one question, and of all cores together: the medians of its runs."""

    name: str
    ms: float
    cpu_ms: float


def time_questions(store: Store, runs: int) -> list[Timing]:
    """Ask every panel's question, unfiltered and filtered, and a plain sum, in turn; return the medians."""
    counts, now_ms = Counts(store, []), day_start_ms(date(FIRST.year + 1, 1, 1)) - 1
    year = parse_dates(FIRST.isoformat(), date(FIRST.year, 12, 31).isoformat(), ZoneInfo("UTC"))
    plain = f"SELECT sum(pageviews) FROM pageviews WHERE site = '{SITE}'"
    questions: dict[str, Callable[[], object]] = {"a plain sum(pageviews)": lambda: store.query(plain)}
    for suffix, conditions in {"": (), ", of one source": (_FILTER,)}.items():
        for query in _page(year, conditions):
            name = " by ".join((query.metrics[0], *query.dimensions)) if query.dimensions else "top numbers"
            questions[name + suffix] = lambda query=query: counts.ask(query, now_ms)  # type: ignore[misc]
    questions["the first page's data"] = lambda: [counts.ask(query, now_ms) for query in _first_page(year)]
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in questions}
    for _ in range(runs + 1):  # the first run only warms up
        for name, ask in questions.items():
            wall, cpu = time.perf_counter(), time.process_time()
            ask()
            taken[name].append((1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)))
    return [Timing(name, *map(statistics.median, zip(*found[1:], strict=True))) for name, found in taken.items()]


def _page(period: Period, conditions: tuple[Condition, ...] = ()) -> list[Query]:
    """The numbers at the top, the chart, and the questions of all tabs that can be asked so."""
    lists = [question_of(tab, SITE, period, conditions) for panel in PANELS for tab in panel.tabs]
    top, chart = (
        Query(SITE, period, metrics, dimensions, conditions)
        for metrics, dimensions in ((_TOP, ()), (("visitors",), ("time:day",)))
    )
    return [top, chart, *filter(None, lists)]


def _first_page(period: Period) -> list[Query]:
    """What is asked when the page is opened: numbers and chart twice, with the period before, and each front tab."""
    top, chart, *_ = _page(period)
    fronts = [question_of(panel.tabs[0], SITE, period) for panel in PANELS]
    return [top, top, chart, chart, *filter(None, fronts)]


def measure(pageviews: int = PAGEVIEWS, runs: int = RUNS) -> str:
    """Fill a store, ask it, and return a section of the report."""
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as directory:
        store = EmbeddedStore(Path(directory))
        migrate.apply(store)
        fill(store, pageviews)
        settle(store)
        ((stored,),) = store.query("SELECT sum(bytes_on_disk) FROM system.parts WHERE active")
        ((rows,),) = store.query(f"SELECT count() FROM pageviews WHERE site = '{SITE}'")
        timings = time_questions(store, runs)
        store.close()
    lines = [f"| {timing.name} | {timing.ms:.0f} | {timing.cpu_ms:.0f} |" for timing in timings]
    return "\n".join(
        [
            "## A site's page",
            "",
            f"One site with {pageviews:,} pageviews ({rows:,} rows) over 12 months beside {OTHER_SITES}"
            f" others, embedded store of {stored / 1e9:.2f} GB, questions about the whole year, medians of {runs}.",
            "",
            ASSUMPTION,
            "",
            "| question | ms | ms of CPU |",
            "| --- | ---: | ---: |",
            *lines,
        ]
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pageviews", type=int, default=PAGEVIEWS)
    parser.add_argument("--runs", type=int, default=RUNS)
    given = parser.parse_args()
    print(measure(given.pageviews, given.runs))
