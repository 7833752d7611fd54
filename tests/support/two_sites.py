"""An archive with two sites over three months, and what is in it."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date
from pathlib import Path
from typing import Any

from aggregator.archive import Archive
from aggregator.compaction import compact_day
from aggregator.day import Day
from aggregator.inventory import take_inventory
from aggregator.local_time import LocalTime
from schema.batch import DAY_MS, Window, day_start_ms, utc_day
from schema.hit import Hit, Record, RejectedHit, Rejection
from schema.rollups import ROLLUPS
from schema.store import Store
from support.batches import archive_of
from support.counts import local_time
from support.hits import at, event, pageview

STAYING, LEAVING = "example.com", "leaving.example"
WINTER, SPRING, SUMMER = "2026-01-31", "2026-03-10", "2026-06-20"
UNTIL_MS = at("00:00", "2026-06-21")
Rows = dict[str, list[tuple[Any, ...]]]


def records_of(day: str, *sites: str) -> list[Record]:
    """Hits of every kind of table, for each site."""
    found: list[Record] = []
    for number, site in enumerate(sites or (STAYING, LEAVING)):
        person = {"site": site, "hostname": site}
        found += [
            pageview("10:00", 10 + number, day=day, **person),
            pageview("12:00", 20 + number, "/b", day=day, **person),
            event("12:05", "buy", 20 + number, "/b", day=day, props=(("plan", "x"),), screen="m", **person),
            RejectedHit(site, at("09:00", day), Rejection.BOT),
        ]
    return sorted(found, key=lambda record: record.at)


def two_sites(root: Path, *, days: tuple[str, ...] = (WINTER, SPRING, SUMMER)) -> Archive:
    """An archive with both sites on each day; all but the last day are compacted."""
    archive = Archive(root, 1)
    for day in days:
        archive_of(root, records_of(day))
    for day in days[:-1]:
        compact_day(archive, date.fromisoformat(day))
    return archive


def far_west(root: Path) -> Archive:
    """An archive of one UTC day that is two local days, of two months, for one of the sites."""
    hits = records_of("2026-03-01")
    day = Day(date(2026, 3, 1), _west())
    day.absorb([*hits, _early(hits[0].at)])
    archive = Archive(root, 1)
    for window, tables in day.cut(Window.of(day_start_ms(date(2026, 3, 1)) + DAY_MS - 1)).items():
        archive.write(window, tables)
    compact_day(archive, date(2026, 3, 1))
    return archive


def archived_rows(archive: Archive) -> Rows:
    """All rows of the archive, by table, sorted."""
    found: Rows = defaultdict(list)
    for day in archive.days():
        for manifest in take_inventory(archive, day).manifests:
            for name in manifest.tables:
                found[name] += [tuple(map(_plain, row.values())) for row in archive.read(manifest, name).to_pylist()]
    return {name: sorted(rows) for name, rows in found.items() if rows}


def stored_rows(store: Store) -> Rows:
    """All rows of the store, likewise."""
    found: Rows = {}
    for rollup in ROLLUPS:
        names = ", ".join(column.name for column in rollup.columns)
        rows = store.query(f"SELECT {names} FROM {rollup.name}")
        found[rollup.name] = sorted(tuple(map(_plain, row)) for row in rows)
    return {name: rows for name, rows in found.items() if rows}


def clean(store: Store) -> None:
    """Empty the rollups and drop the live tables, whichever store it is."""
    for rollup in ROLLUPS:
        store.execute(f"TRUNCATE TABLE {rollup.name}")
    live = "SELECT name FROM system.tables WHERE database = currentDatabase() AND substring(name, 1, 5) = 'live_'"
    for (name,) in store.query(live):
        store.execute(f"DROP TABLE {name}")


def without_site(rows: Rows, site: str = LEAVING) -> Rows:
    """The rows of all other sites."""
    left = {name: [row for row in some if row[0] != site] for name, some in rows.items()}
    return {name: some for name, some in left.items() if some}


def since(rows: Rows, first: date) -> Rows:
    """The rows of local days from `first` on."""
    left = {name: [row for row in some if row[1] >= first.isoformat()] for name, some in rows.items()}
    return {name: some for name, some in left.items() if some}


def files(root: Path) -> dict[str, bytes]:
    """Every file below `root`."""
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def _west() -> LocalTime:
    return local_time({LEAVING: "America/New_York"})


def _early(at_ms: int) -> Hit:
    assert utc_day(at_ms) == date(2026, 3, 1)
    return pageview("03:00", 99, day="2026-03-01", site=LEAVING, hostname=LEAVING)


def _plain(value: Any) -> Any:
    """Dates as text and instants as seconds since the epoch, whichever store they come from."""
    if hasattr(value, "tzinfo"):
        return int(value.replace(tzinfo=value.tzinfo or UTC).timestamp())
    return value.isoformat() if hasattr(value, "isoformat") else value
