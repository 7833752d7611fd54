"""Live + batches = the whole at every instant of a day, for a reader that never stops asking while visits move over."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from aggregator.intake import GRACE_MS
from aggregator.run import Aggregator
from dashboard.counts import Counts
from dashboard.period import parse_period
from dashboard.query import Query
from dashboard.reader import Reader
from schema.batch import DAY_MS, WINDOW_MS, utc_day
from schema.errors import StoreUnavailableError
from schema.hit import Hit, Record
from schema.settings import AggregatorSettings, Settings, SiteSettings
from schema.store import Store
from support.counts import oracle_counts, total
from support.embedded import shared_store
from support.hits import at, engagement, event, pageview
from support.processes import wait_until
from support.segments import sealed_segment

START = at("00:00")
DAY = utc_day(START)
HOUR_MS = 3_600_000
STEP_MS = WINDOW_MS * (1 if os.environ.get("FOOTFALL_TEST_EVERY_WINDOW") else 12)
METRICS = ("visits", "visitors", "pageviews")

Figures = tuple[float | None, ...]


@dataclass
class TightLoop:
    """Asks for the whole day again and again, and notes what it saw after how many steps."""

    store: Store
    seen: list[tuple[int, Figures, int]] = field(default_factory=list)  # steps before, figures, steps after
    steps: int = 0
    failure: BaseException | None = None

    def run(self, stop: threading.Event) -> None:
        try:
            while not stop.is_set():
                before = self.steps
                try:
                    self.seen.append((before, read_figures(self.store), self.steps))
                except StoreUnavailableError:  # the reader gives up rather than answer from two snapshots
                    time.sleep(0)
        except BaseException as error:
            self.failure = error

    @contextmanager
    def running(self) -> Iterator[None]:
        stop = threading.Event()
        thread = threading.Thread(target=self.run, args=(stop,))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def read_figures(store: Store) -> Figures:
    """What the dashboard says of the day."""
    query = Query("example.com", parse_period("day", DAY, ZoneInfo("UTC")), METRICS)

    def ask(counts: Counts) -> Figures:
        (row,) = counts.ask(query, START).rows
        return tuple(row.metrics)

    return Reader(store).read(ask)


def figures_of(records: list[Record]) -> Figures:
    """What it ought to say, by the independent count."""
    counts = oracle_counts(records)
    return tuple(total(counts, "visits", name) for name in METRICS)


def traffic() -> list[Record]:
    """A day of visits that begin, go on and end all the time."""
    chance, found = Random(5), list[Hit]()
    for visitor in range(400):
        start, pace = START + chance.randrange(DAY_MS - HOUR_MS), chance.randrange(1, 20 * 60_000)
        for number in range(chance.randrange(1, 5)):
            found.append(replace(pageview("00:00", visitor, f"/{number}"), at=start + number * pace))
        found.append(replace(event("00:00", "buy", visitor), at=start + 5))
        found.append(replace(engagement("00:00", 1, visitor), at=start + 9))
    return sorted((hit for hit in found if hit.at < START + DAY_MS), key=lambda hit: hit.at)


def test_a_reader_in_a_tight_loop_sees_the_whole_at_every_instant_of_a_day(tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path, site=(SiteSettings("example.com"),), aggregator=AggregatorSettings(live_seconds=1)
    )
    left, written, now_ms = traffic(), list[Record](), START
    whole: list[Figures] = [(0, 0, 0)]  # after each step
    with shared_store() as store:
        aggregator = Aggregator(settings, store, lambda: now_ms, lambda: now_ms / 1000)
        aggregator.step(now_ms)
        reader = TightLoop(store)
        with reader.running():
            for now_ms in range(START + STEP_MS, START + DAY_MS + HOUR_MS, STEP_MS):
                fresh = [hit for hit in left if hit.at < now_ms]
                left, written = left[len(fresh) :], written + fresh
                if fresh:
                    sealed_segment(settings.spool_dir, DAY, *fresh, created_at=now_ms)
                whole.append(figures_of(written))
                aggregator.step(now_ms + GRACE_MS)
                reader.steps += 1
                answers = len(reader.seen)
                wait_until(lambda: len(reader.seen) > answers or reader.failure, 120, "the reader asks on")  # noqa: B023
        assert aggregator.status()["problems"] == {}
    assert reader.failure is None
    wrong = [seen for seen in reader.seen if seen[1] not in whole[seen[0] : seen[2] + 2]]
    assert wrong == [], f"{len(wrong)} of {len(reader.seen)} answers are of no instant of the day"
    assert reader.seen[-1][1] == whole[-1]
    assert any(before < after for before, _, after in reader.seen), "no answer was under way while a step ended"
