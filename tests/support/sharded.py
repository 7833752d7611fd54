"""Sites on both shards of a cluster, their batches, and what of them can be read."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from aggregator.archive import Archive
from aggregator.deliveries import Deliveries
from aggregator.manifest import Manifest
from aggregator.rollup import Tables
from dashboard.reader import Reader
from schema.batch import Window
from schema.errors import ShardUnavailableError
from schema.hit import Record, RejectedHit, Rejection
from schema.rollups import ROLLUPS
from schema.shards import shard_of
from schema.store import Store
from support.batches import archive_of, windows_of
from support.counts import local_time
from support.hits import at, event, pageview
from support.processes import wait_until

FIRST = next(name for name in (f"a{n}.example" for n in range(99)) if shard_of(name, 2) == 0)
SECOND = next(name for name in (f"b{n}.example" for n in range(99)) if shard_of(name, 2) == 1)
SITES = (FIRST, SECOND)


def hits(day: str, hours: range = range(8, 12)) -> list[Record]:
    """A visit an hour on both sites, and some of everything else."""
    found: list[Record] = []
    for number, site in enumerate(SITES):
        person = {"site": site, "hostname": site, "day": day}
        for hour in hours:
            visitor = 100 * hour + number
            found.append(pageview(f"{hour:02}:00", visitor, screen="m", **person))
            found.append(event(f"{hour:02}:01", "buy", visitor, props=(("plan", "x"),), **person))
        found.append(RejectedHit(site, at("09:00", day), Rejection.BOT))
    return sorted(found, key=lambda record: record.at)


def archive_with(root: Path, *days: str, node: int = 1) -> Archive:
    """An archive of such days."""
    archives = [archive_of(root, hits(day), node)[0] for day in days]
    return archives[-1]


def manifests_of(archive: Archive) -> list[Manifest]:
    """All its batches."""
    return [manifest for day in archive.days() for manifest in archive.manifests(day)[0]]


Sums = dict[tuple[str, str], tuple[int, int]]


def archived_sums(archive: Archive) -> Sums:
    """Of each table and site: rows, and the sum of the first measure, in the archive."""
    found: Sums = {}
    for manifest in manifests_of(archive):
        for rollup in ROLLUPS:
            if rollup.name in manifest.tables:
                for row in archive.read(manifest, rollup.name).to_pylist():
                    rows, total = found.get((rollup.name, row["site"]), (0, 0))
                    found[rollup.name, row["site"]] = (rows + 1, total + row[rollup.measure_names[0]])
    return found


def stored_sums(store: Store, sites: tuple[str, ...] = SITES) -> Sums:
    """The same of the store, site by site."""
    found: Sums = {}
    for rollup in ROLLUPS:
        for site in sites:
            sql = f"SELECT count(), sum({rollup.measure_names[0]}) FROM {rollup.name} WHERE site = {{site:String}}"
            ((rows, total),) = store.query(sql, {"site": site})
            found |= {(rollup.name, site): (rows, total)} if rows else {}
    return found


def of_site(sums: Sums, site: str) -> Sums:
    """What is of one site."""
    return {key: value for key, value in sums.items() if key[1] == site}


@dataclass
class OpenVisits:
    """What an aggregator has open: so many visits on each site, of the hour after `through`."""

    visits: int
    through: Window | None
    open_since_ms: int = at("20:05", "2026-03-10")

    def live(self) -> Tables:
        """The counts of what is open."""
        found = [
            pageview("20:10", 10_000 * number + visit, site=site, hostname=site, day="2026-03-10")
            for number, site in enumerate(SITES)
            for visit in range(self.visits)
        ]
        (tables,) = windows_of(found).values()
        return tables


def hurried() -> float:
    """Seconds that pass a hundred times as fast: pauses between two tries are short."""
    return time.monotonic() * 100


def deliveries(archive: Archive, store: Store) -> Deliveries:
    """What brings the archive to the store, and never pauses for long."""
    return Deliveries(archive, store, local_time(), 1, hurried)


def deliver(delivery: Deliveries, seconds: float = 120) -> None:
    """Try until every shard has everything."""

    def step() -> bool:
        report = delivery.load()
        assert not report.problems, report.problems
        return delivery.is_caught_up

    wait_until(step, seconds, f"everything is delivered ({delivery.trouble})")


def open_visits(store: Store, site: str) -> int | None:
    """How many visits a dashboard shows as open; None while the site's shard is away."""
    try:
        return Reader(store).read(lambda counts: counts.open_visits(site))
    except ShardUnavailableError:
        return None


MARCH = date(2026, 3, 10).isoformat()
