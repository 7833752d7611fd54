"""How long does a page's data take on a site with 50 million pageviews over 12 months, beside 99 others?"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks.busy_site import ASSUMPTION, FIRST, OTHER_SITES, SITE, fill, settle
from benchmarks.tab_questions import question_of
from dashboard.counts import Counts
from dashboard.panels import PANELS
from dashboard.period import Period, parse_dates
from dashboard.query import Comparison, Condition, Operator, Query, answerable
from schema import migrate
from schema.batch import day_start_ms
from schema.store import Store
from schema.store_embedded import EmbeddedStore

PAGEVIEWS, RUNS = 50_000_000, 5
_TOP = ("visitors", "visits", "pageviews", "views_per_visit", "bounce_rate", "visit_duration")
_FILTERS = {  # of each kind one that leaves much, and a campaign, which leaves little
    "a source": ("visit:source", "Source 1"),
    "a country": ("visit:country", "DE"),
    "a device": ("visit:device", "Mobile"),
    "a campaign": ("visit:utm_campaign", "Campaign 1"),
    "a page": ("event:page", "/page/1"),
    "an entry page": ("visit:entry_page", "/page/1"),
    "an exit page": ("visit:exit_page", "/page/1"),
    "an event": ("event:name", "event 1"),
}
_PLAIN, _FIRST_PAGE, _TOP_NUMBERS = "a plain sum(pageviews)", "the first page's data", "top numbers"


@dataclass(frozen=True)
class Timing:
    """Milliseconds of one question, and of all cores together: the medians of its runs."""

    name: str
    filtered_by: str  # empty: unfiltered
    ms: float
    cpu_ms: float


def time_questions(store: Store, runs: int) -> list[Timing]:
    """Ask every panel's question, unfiltered and by each filter, and a plain sum, in turn; return the medians."""
    counts, now_ms = Counts(store, []), day_start_ms(date(FIRST.year + 1, 1, 1)) - 1
    year = parse_dates(FIRST.isoformat(), date(FIRST.year, 12, 31).isoformat(), ZoneInfo("UTC"))
    plain = f"SELECT sum(pageviews) FROM pageviews WHERE site = '{SITE}'"
    questions: dict[tuple[str, str], Callable[[], object]] = {(_PLAIN, ""): lambda: store.query(plain)}
    for filtered_by, query in _asked(year):
        name = " by ".join((query.metrics[0], *query.dimensions)) if query.dimensions else _TOP_NUMBERS
        questions[name, filtered_by] = lambda query=query: counts.ask(query, now_ms)  # type: ignore[misc]
    questions[_FIRST_PAGE, ""] = lambda: [counts.ask(query, now_ms) for query in _first_page(year)]
    taken: dict[tuple[str, str], list[tuple[float, float]]] = {key: [] for key in questions}
    for _ in range(runs + 1):  # the first run only warms up
        for key, ask in questions.items():
            wall, cpu = time.perf_counter(), time.process_time()
            ask()
            taken[key].append((1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)))
    return [Timing(*key, *map(statistics.median, zip(*found[1:], strict=True))) for key, found in taken.items()]


def _asked(period: Period) -> Iterator[tuple[str, Query]]:
    """Every question of the page, unfiltered and by each filter that it can be told with."""
    for filtered_by, found in {"": None, **_FILTERS}.items():
        conditions = (Comparison(Operator.IS, found[0], (found[1],)),) if found else ()
        for query in _page(period, conditions):
            told = tuple(metric for metric in query.metrics if metric in answerable(query))
            if told:
                yield filtered_by, replace(query, metrics=told)


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
    lines = [_line(list(group)) for _, group in groupby(sorted(timings, key=_name), _name)]
    return "\n".join(
        [
            "## A site's page",
            "",
            f"One site with {pageviews:,} pageviews ({rows:,} rows) over 12 months beside {OTHER_SITES}"
            f" others, embedded store of {stored / 1e9:.2f} GB, questions about the whole year, medians of {runs}."
            f" Each question was asked with a filter of every kind that it can be told with ({', '.join(_FILTERS)}):"
            " the slowest is shown.",
            "",
            ASSUMPTION,
            "",
            "| question | ms | ms of CPU | slowest filter | ms | ms of CPU |",
            "| --- | ---: | ---: | --- | ---: | ---: |",
            *lines,
        ]
    )


def _name(timing: Timing) -> str:
    return timing.name


def _line(timings: list[Timing]) -> str:
    """A question without filters, and the filter with which it took longest."""
    plain = [f"{found.ms:.0f} | {found.cpu_ms:.0f}" for found in timings if not found.filtered_by] or [" | "]
    worst = max((found for found in timings if found.filtered_by), key=lambda found: found.ms, default=None)
    filtered = f"{worst.filtered_by} | {worst.ms:.0f} | {worst.cpu_ms:.0f}" if worst else " | | "
    return f"| {timings[0].name} | {plain[0]} | {filtered} |"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pageviews", type=int, default=PAGEVIEWS)
    parser.add_argument("--runs", type=int, default=RUNS)
    given = parser.parse_args()
    print(measure(given.pageviews, given.runs))
