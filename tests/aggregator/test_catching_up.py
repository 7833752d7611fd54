"""After an outage of the store: what waits is loaded far faster than it came, all of it, and only once."""

import time
from pathlib import Path

import msgspec

from aggregator.archive import Archive
from aggregator.delivery import Delivery
from aggregator.intake import Intake
from schema.batch import WINDOW_MS, utc_day
from schema.hit import Record
from support.counts import local_time
from support.embedded import shared_store
from support.fallible_store import FallibleStore
from support.hits import at, pageview
from support.segments import sealed_segment

HITS_A_SECOND, MINUTES = 50, 20
DAY = utc_day(at("10:00"))


def hits(start: int, seconds: int) -> list[Record]:
    hit = pageview("10:00")
    places = range(HITS_A_SECOND * seconds)
    at_ms = [start + place * 1000 // HITS_A_SECOND for place in places]
    return [msgspec.structs.replace(hit, at=at_ms[place], visitor=at_ms[place], path=f"/{place}") for place in places]


def test_what_waits_after_an_outage_is_loaded_over_ten_times_as_fast_as_it_came(tmp_path: Path) -> None:
    start, seconds = at("10:00"), 0.0
    with shared_store() as real:
        store, archive = FallibleStore(real), Archive(tmp_path / "archive", 1)
        intake = Intake(tmp_path / "spool", archive, local_time())
        delivery = Delivery(archive, store, local_time(), 5, lambda: seconds)
        delivery.load()
        store.is_down = True
        for now_ms in range(start, start + (MINUTES + 40) * 60_000, WINDOW_MS):
            if now_ms < start + MINUTES * 60_000:
                sealed_segment(tmp_path / "spool", DAY, *hits(now_ms, WINDOW_MS // 1000), created_at=now_ms)
            intake.raise_fence(now_ms + 2000)
            delivery.add(intake.take().archived)
            delivery.load()
            seconds += WINDOW_MS / 1000
        assert delivery.waiting >= MINUTES * 60_000 // WINDOW_MS
        store.is_down = False
        began = time.process_time()
        delivery.load()
        spent = time.process_time() - began
        ((pageviews,),) = real.query("SELECT sum(pageviews) FROM pageviews")
    assert delivery.is_caught_up
    assert pageviews == HITS_A_SECOND * MINUTES * 60
    assert spent <= MINUTES * 60 / 10
