"""The aggregator from segments to a closed day, in processes that a test may kill: `python -m support.load_cycle`.

For each data directory that it reads from its input it forks a process, waits for its end, and says how it ended. The
process opens the store, writes its id to `ready`, waits for `go`, and steps over the day; what a reader of the store
sees at the end, it leaves in `counts`. Whatever it asks of the store, another thread asks: so all that the first
thread does on the disk is between spool and archive.
"""

from __future__ import annotations

import os
import pickle
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pyarrow as pa

from aggregator.run import Aggregator
from schema import migrate
from schema.batch import DAY_MS, day_start_ms
from schema.hit import Record
from schema.settings import Settings, SiteSettings
from schema.store import NO_PARAMETERS, Parameters, Row, Store, open_store
from support.hits import engagement, event, pageview
from support.segments import Segment, sealed_segment
from support.undivided import Undivided
from support.visible import visible_counts

DAY = date(2026, 3, 31)  # the second site has a part of it in another month
ZONES = {"example.com": "Europe/Berlin", "b.example": "Asia/Kathmandu"}
STEPS_MS = tuple(day_start_ms(DAY) + after for after in (16 * 3_600_000 + 2000, DAY_MS + 2000, DAY_MS + 3000))
READY, GO, COUNTS = "ready", "go", "counts"
EXIT_FAILED = 3


class InThread(Undivided):
    """A store that only one other thread ever speaks to."""

    def __init__(self, open_real: Callable[[], Store]) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._real = self._thread.submit(open_real).result()
        self.capabilities = self._real.capabilities

    def query(self, sql: str, parameters: Parameters = NO_PARAMETERS) -> list[Row]:
        return self._thread.submit(self._real.query, sql, parameters).result()

    def execute(self, sql: str) -> None:
        self._thread.submit(self._real.execute, sql).result()

    def insert(self, table: str, rows: pa.Table, query_id: str) -> None:
        self._thread.submit(self._real.insert, table, rows, query_id).result()

    def cancel(self, query_id: str) -> None:
        self._thread.submit(self._real.cancel, query_id).result()

    def close(self) -> None:
        self._thread.submit(self._real.close).result()


def records() -> list[Record]:
    """Hits of two sites over the day: visits that the first step closes, and others."""
    day, found = DAY.isoformat(), list[Record]()
    for visitor, clock in enumerate(("09:00", "15:20", "15:58", "19:30", "23:59:59")):
        for site in ZONES:
            found += [
                pageview(clock, visitor, "/a", day, site=site, event_id=visitor + 1),
                pageview(clock, visitor, "/a", day, site=site, event_id=visitor + 1),
                event(clock, "buy", visitor, "/a", day=day, site=site, revenue=100 + visitor, currency="EUR"),
                engagement(clock, 900, visitor, "/a", day=day, site=site, scroll_depth=40),
            ]
    return found


def prepare(data_dir: Path) -> None:
    """Write the spool: two sealed segments, one of a worker that died in a commit, one that died in creating one."""
    spool, found = Settings(data_dir=data_dir).spool_dir, records()
    for number in range(2):
        sealed_segment(spool, DAY, *found[number::3], created_at=number + 1)
    dead = Segment(spool, DAY, 3)
    dead.write(*found[2::3])
    dead.write_bytes(dead.frame(found[:1])[:-5])
    dead.die()
    (dead.directory / "0000000000004-00000000000000ff.new").touch()


def run(data_dir: Path) -> int:
    """Open the store, say so, wait, and step over the day."""
    sites = tuple(SiteSettings(domain, zone) for domain, zone in ZONES.items())
    settings = Settings(data_dir=data_dir, site=sites)
    store = InThread(lambda: open_store(settings))
    migrate.apply(store)
    go = os.open(data_dir / GO, os.O_RDWR)
    (data_dir / READY).write_text(str(os.getpid()))
    os.read(go, 1)
    now = [STEPS_MS[0]]
    aggregator = Aggregator(settings, store, lambda: now[0], lambda: now[0] / 1000)
    for now[0] in STEPS_MS:
        aggregator.step(now[0])
    counts = {name: {key: dict(row) for key, row in rows.items()} for name, rows in visible_counts(store).items()}
    (data_dir / COUNTS).write_bytes(pickle.dumps((counts, aggregator.status()["problems"])))
    return 0


def run_and_end(data_dir: Path) -> None:
    """Run, and end this process whatever happens."""
    code = EXIT_FAILED
    try:
        code = run(data_dir)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def main() -> None:
    """Fork for each line of input; say the wait status of each."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            run_and_end(Path(line.strip()))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
