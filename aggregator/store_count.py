"""What the store counted and rejected, by site and hour: the third side of the ledger."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import pyarrow as pa

from aggregator.archive import Archive
from aggregator.manifest import Manifest
from schema.batch import DAY_MS, MAX_CHUNK, Window, batch_number, day_start_ms
from schema.errors import ArchiveDamagedError
from schema.live import Snapshot, live_table, newest_snapshots
from schema.rollups import BATCHES, REJECTIONS
from schema.store import Row, Store


class Hour(NamedTuple):
    """A site's local hour: `start` in seconds since the epoch, on the site's local `day`."""

    site: str
    day: date
    start: int


@dataclass
class Booked:
    """What was made of the hits received in one hour."""

    counted: int = 0
    rejected_hits: int = 0  # as the ledger table has it, over all reasons
    rejected: Counter[str] = field(default_factory=Counter)  # as the rejections have it, by reason


Books = dict[Hour, Booked]


def batches_of(store: Store, node: int, days: Iterable[date], snapshot: Snapshot | None) -> Books:
    """Return what the batches of the UTC `days` took in; with `snapshot` only those that it complements.

    Raises:
        StoreUnavailableError: the store does not answer now.
    """
    through = f" AND batch <= {snapshot.through:d}" if snapshot else ""
    conditions = [f"{is_of(node, day)}{through}" for day in days]
    return _read(store, BATCHES.name, REJECTIONS.name, conditions)


def closed_books(store: Store, node: int, day: date, open_days: Iterable[date]) -> Books:
    """Return what this node's batches took in of the sites' local `day`, without those of its UTC `open_days`.

    Raises:
        StoreUnavailableError: the store does not answer now.
    """
    terms = [f"NOT ({is_of(node, each)})" for each in open_days]
    of_day = [f"day = '{day.isoformat()}'", _is_of_node(node), *terms]
    return _read(store, BATCHES.name, REJECTIONS.name, [" AND ".join(of_day)])


def others_books(store: Store, node: int, day: date) -> Books:
    """Return what the batches of all other nodes took in of the sites' local `day`.

    Raises:
        StoreUnavailableError: the store does not answer now.
    """
    condition = f"day = '{day.isoformat()}' AND NOT ({_is_of_node(node)})"
    return _read(store, BATCHES.name, REJECTIONS.name, [condition])


def live_books(store: Store, node: int) -> tuple[Snapshot | None, Books]:
    """Return this node's newest snapshot and what it has taken in; to be called where snapshots are written.

    Raises:
        StoreUnavailableError: the store does not answer now.
    """
    snapshots = [each for each in newest_snapshots(store) if each.node == node]
    if len(snapshots) < len(store.shards):
        return None, {}
    books: Books = {}
    for snapshot in snapshots:  # shards have no site in common
        batches, rejections = (live_table(node, snapshot.slot, rollup.name) for rollup in (BATCHES, REJECTIONS))
        books |= _read(store.shards[snapshot.shard], batches, rejections, ["1"])
    return min(snapshots, key=lambda each: each.through), books


def archived_books(archive: Archive, day: date) -> Books:
    """Return what this node's archived batches of a UTC day took in.

    Raises:
        ArchiveDamagedError: a batch is not as it was written; it was set aside.
    """
    manifests, problems = archive.manifests(day)
    if problems:
        raise problems[0]
    books: Books = defaultdict(Booked)
    for manifest in manifests:
        if manifest.node == archive.node:
            _enter_archived(books, archive, manifest)
    return dict(books)


def enter_archived(books: Books, rollup: str, rows: pa.Table) -> None:
    """Add what archived rows of the ledger, or of the rejections, say."""
    _enter(books, rollup, map(_without_batch, rows.to_pylist()))


def _enter_archived(books: Books, archive: Archive, manifest: Manifest) -> None:
    try:
        for rollup in (BATCHES, REJECTIONS):
            if rollup.name in manifest.tables:
                enter_archived(books, rollup.name, archive.read(manifest, rollup.name))
    except ArchiveDamagedError:
        archive.set_aside(manifest.day, manifest.stem)
        raise


def _read(store: Store, batches: str, rejections: str, conditions: Sequence[str]) -> Books:
    books: Books = defaultdict(Booked)
    for condition in conditions:
        sums = ", ".join(f"sum({name})" for name in BATCHES.measure_names)
        where = f"WHERE {condition} GROUP BY site, day, hour"
        hour = "site, day, toUnixTimestamp(hour)"
        _enter(books, BATCHES.name, store.query(f"SELECT {hour}, {sums} FROM {batches} {where}"))
        rows = store.query(f"SELECT {hour}, reason, sum(hits) FROM {rejections} {where}, reason")
        _enter(books, REJECTIONS.name, rows)
    return dict(books)


def _enter(books: Books, rollup: str, rows: Iterable[Row]) -> None:
    for site, day, start, *figures in rows:
        booked = books[Hour(site, day, start)]
        if rollup == BATCHES.name:
            *counted, rejected_hits = figures
            booked.counted += sum(counted)
            booked.rejected_hits += rejected_hits
        else:
            reason, hits = figures
            booked.rejected[reason] += hits


def _without_batch(row: dict[str, Any]) -> Row:
    return tuple(int(v.timestamp()) if isinstance(v, datetime) else v for name, v in row.items() if name != "batch")


def _is_of_node(node: int) -> str:
    return f"batch BETWEEN {node << 52:d} AND {(node + 1 << 52) - 1:d}"


def is_of(node: int, day: date) -> str:
    """The condition on rows of a UTC day's batches; their local days are at most one off."""
    start_ms = day_start_ms(day)
    low = batch_number(node, Window.of(start_ms))
    high = batch_number(node, Window.of(start_ms + DAY_MS - 1), MAX_CHUNK)
    first, last = (day + timedelta(days=shift) for shift in (-1, 1))
    return f"day BETWEEN '{first.isoformat()}' AND '{last.isoformat()}' AND batch BETWEEN {low:d} AND {high:d}"
