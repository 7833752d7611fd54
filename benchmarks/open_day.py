"""How much memory does the aggregator keep for each hit and visitor of a day that is open, and for closed visits?"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from pathlib import Path

from aggregator.allocator import release_free_memory
from aggregator.day import Day
from aggregator.local_time import LocalTime
from aggregator.packed_hits import unpack
from benchmarks.busy_day import DAY, BusyDay, burst
from schema.batch import Window, day_start_ms
from schema.spool_format import decode_header, scan_frames

VISITORS, HITS_EACH = 200_000, 4
_BURST, _HOUR_MS = 10_000, 3_600_000
_START = day_start_ms(DAY) + 9 * _HOUR_MS


def measure() -> str:
    """Weigh open and closed visits in processes of their own; return a section of the report."""
    one, several = _child(1), _child(HITS_EACH)
    per_hit = (several["open"] - one["open"]) / (HITS_EACH - 1) / VISITORS
    per_visitor = one["open"] / VISITORS - per_hit
    remembered = [found["remembered"] / VISITORS for found in (one, several)]
    larger = [found["closed"] / 1e6 for found in (one, several)]
    return "\n".join(
        [
            "## Memory of an open day",
            "",
            f"{VISITORS:,} visitors, each with a place, browser and referrer of its own, with 1 and with {HITS_EACH}"
            f" hits each: while their visits are open a visitor takes {per_visitor:,.0f} bytes and each hit"
            f" {per_hit:,.0f} bytes. Once they are closed, {remembered[0]:,.0f} and"
            f" {remembered[1]:,.0f} bytes a visitor are remembered until the day ends, so that nobody"
            f" counts twice. The process is then {larger[0]:,.0f} and {larger[1]:,.0f} MB larger"
            " than before, once the allocator has given back what is free, as once an hour.",
        ]
    )


def weigh(hits_each: int) -> dict[str, float]:
    """Return the bytes of open, then of closed visits, and of what is remembered. To be called once in a process."""
    day = Day(DAY, LocalTime({}))
    _feed(day, 20_000, 1, _START - 2 * _HOUR_MS)  # so that all code and buffers are there
    _cut(day, _START)
    before = _resident_bytes()
    _feed(day, VISITORS, hits_each, _START)
    opened = _resident_bytes() - before
    _cut(day, _START + 2 * _HOUR_MS)
    return {"open": opened, "closed": _resident_bytes() - before, "remembered": day.remembered_bytes}


def _feed(day: Day, visitors: int, hits_each: int, begun_at: int) -> None:
    population = BusyDay(1_000_000_000 + begun_at % 1_000_003, visitors)
    for number in range(visitors * hits_each // _BURST):
        content = burst(begun_at + number * 5000, _BURST, population, first=number * _BURST)
        day.absorb_packed(unpack(scan_frames(content, decode_header(content).segment_id).payloads))


def _cut(day: Day, end_ms: int) -> None:
    for _ in day.cut_in_turn(Window.of(end_ms - 1)):
        pass


def _resident_bytes() -> int:
    gc.collect()
    release_free_memory()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _child(hits_each: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.open_day", str(hits_each)]
    found: dict[str, float] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return found


if __name__ == "__main__":
    print(json.dumps(weigh(int(sys.argv[1]))))
