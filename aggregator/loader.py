"""Archive → store, exactly once: what the store has is asked before each insert and after it, never assumed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby

import pyarrow as pa

from aggregator.archive import Archive
from aggregator.chunks import MAX_CHUNK_ROWS, Chunk, rows_of_chunks
from aggregator.manifest import Manifest
from schema.errors import (
    ArchiveDamagedError,
    BatchMismatchError,
    OutcomeUnknownError,
    SetAsideError,
    StoreUnavailableError,
)
from schema.rollups import ROLLUPS, Rollup
from schema.store import Store

# No projection knows batches: to look through them takes as long as the answer, and to compile the sums ten times that.
_PLAIN = " SETTINGS optimize_use_projections = 0, compile_aggregate_expressions = 0"
MAX_CHECKED_CHUNKS = 10_000  # whose figures are compared at once: some MB
MAX_CHECKED_ROWS = 2_000_000  # inserted before they are checked, and before anybody hears of it: some seconds' work

Month = tuple[int, int]  # year and month of local days: a partition
Wanted = dict[int, tuple[Manifest, Chunk]]  # by batch number; of one rollup and month


@dataclass
class LoadReport:
    """What a load did, and what it could not."""

    inserted_rows: int = 0
    problems: list[SetAsideError] = field(default_factory=list)
    damaged: list[Manifest] = field(default_factory=list)  # now in the archive's quarantine
    lost: set[date] = field(default_factory=set)  # UTC days of which the archive has a batch less now


def _tell_nobody(done: int) -> None:
    pass


class Loader:
    """Brings the store up to the archive; the only writer of its node's rows."""

    def __init__(self, archive: Archive, store: Store) -> None:
        self._archive = archive
        self._store = store
        self._unsettled = {rollup.name for rollup in ROLLUPS}  # an earlier process may have left an insert running

    def reconcile(self, report: LoadReport | None = None) -> LoadReport:
        """Load whatever the archive has and the store has not, some months at a time; see `load`.

        A `report` that is given is filled even if this raises: what was set aside by then stays so.
        """
        report = LoadReport() if report is None else report
        self.load_months(self.months(report), report)
        return report

    def months(self, report: LoadReport) -> Iterator[list[Manifest]]:
        """Yield the archive's manifests, of a UTC month at a time; what is wrong with others is added to `report`."""
        for _, days in groupby(self._archive.days(), key=lambda day: (day.year, day.month)):
            manifests: list[Manifest] = []
            for day in days:
                found, problems = self._archive.manifests(day)
                manifests += found
                report.problems += problems
                report.lost |= {day} if problems else set()
            yield manifests

    def lacking(self, report: LoadReport) -> list[Manifest]:
        """Return the manifests of which the store has not exactly what they say; changes nothing in it.

        Raises:
            StoreUnavailableError: it does not answer.
        """
        return [manifest for manifests in self.months(report) for manifest in self._lacking(manifests)]

    def load(self, manifests: Iterable[Manifest], report: LoadReport | None = None) -> LoadReport:
        """Make sure that the store has the batches of `manifests`: none twice, none in part.

        A batch of which the store has other rows than the archive is left alone and reported; so is a damaged file.

        Raises:
            StoreUnavailableError: not done, or only some; to be repeated as it was.
        """
        report = LoadReport() if report is None else report
        self._load(manifests, report)
        return report

    def load_months(
        self, months: Iterable[Sequence[Manifest]], report: LoadReport, loaded: Callable[[int], None] = _tell_nobody
    ) -> None:
        """Do the same for whole UTC months, and tell `loaded` how many are done.

        What was inserted of several small ones is checked together.

        Raises:
            StoreUnavailableError: not done, or only some; to be repeated as it was.
        """
        done = 0
        for group in _together(months):
            self._load([manifest for manifests in group for manifest in manifests], report)
            done += len(group)
            loaded(done)

    def _lacking(self, manifests: Sequence[Manifest]) -> list[Manifest]:
        lacking: dict[int, Manifest] = {}
        for rollup in ROLLUPS:
            for wanted in _by_month(manifests, rollup).values():
                found = self._found(rollup, [chunk for _, chunk in wanted.values()])
                for batch, (manifest, chunk) in wanted.items():
                    if found.get(batch) != (chunk.rows, *chunk.sums.values()):
                        lacking[id(manifest)] = manifest
        return list(lacking.values())

    def _load(self, manifests: Iterable[Manifest], report: LoadReport) -> None:
        manifests = list(manifests)
        for rollup in ROLLUPS:
            whole = [manifest for manifest in manifests if manifest not in report.damaged]
            if by_month := _by_month(whole, rollup):
                self._load_rollup(rollup, by_month, report)

    def _load_rollup(self, rollup: Rollup, by_month: Mapping[Month, Wanted], report: LoadReport) -> None:
        """Check what may be there, insert what is absent, check that."""
        self._settle(rollup)
        inserted: Wanted = {}
        for wanted in _turns(by_month.values(), self._store.capabilities.months_per_insert):
            absent = self._check(rollup, wanted, report) if self._has_any(rollup, wanted) else wanted
            for batches, rows in self._blocks(rollup, absent, report):
                self._insert(rollup, rows)
                inserted |= {batch: absent[batch] for batch in batches}
                report.inserted_rows += rows.num_rows
        if inserted and self._check(rollup, inserted, report):
            raise StoreUnavailableError(f"the store took rows of {rollup.name} and does not have them")

    def _has_any(self, rollup: Rollup, wanted: Wanted) -> bool:
        """Whether the store has any rows of these days: answered sooner than what they are, most of all by none."""
        days = "day BETWEEN {first:Date} AND {last:Date}"
        chunks = [chunk for _, chunk in wanted.values()]
        return bool(self._store.query(f"SELECT 1 FROM {rollup.name} WHERE {days} LIMIT 1", _days_of(chunks)))

    def _check(self, rollup: Rollup, wanted: Wanted, report: LoadReport) -> Wanted:
        """Return what the store has nothing of; report what it has otherwise than the archive."""
        found = self._found(rollup, [chunk for _, chunk in wanted.values()])
        for batch, (_, chunk) in wanted.items():
            if batch in found and found[batch] != (chunk.rows, *chunk.sums.values()):
                report.problems.append(
                    BatchMismatchError(
                        f"the store has {found[batch][0]} rows of batch {batch} in {rollup.name}, the archive"
                        f" {chunk.rows}, or their sums differ: left as it is"
                    )
                )
        return {batch: source for batch, source in wanted.items() if batch not in found}

    def _found(self, rollup: Rollup, chunks: Sequence[Chunk]) -> dict[int, tuple[int, ...]]:
        """Return what the store has of these batches: rows, and the sum of each measure."""
        sums = ", ".join(f"sum({name})" for name in rollup.measure_names)
        settings = _PLAIN if self._store.capabilities.lists_projections else ""
        rows = self._store.query(
            f"SELECT batch, count(), {sums} FROM {rollup.name} WHERE day BETWEEN {{first:Date}} AND {{last:Date}}"
            " AND batch BETWEEN {low:UInt64} AND {high:UInt64} GROUP BY batch" + settings,
            _days_of(chunks)
            | {
                "low": min(chunk.batch for chunk in chunks),
                "high": max(chunk.batch for chunk in chunks),
            },
        )
        return {batch: tuple(figures) for batch, *figures in rows}

    def _blocks(self, rollup: Rollup, absent: Wanted, report: LoadReport) -> Iterator[tuple[list[int], pa.Table]]:
        """Yield rows to insert at once, and their batch numbers; a batch is never split."""
        batches: list[int] = []
        tables: list[pa.Table] = []
        for manifest, chunks in _by_manifest(absent):
            try:
                table = self._archive.read(manifest, rollup.name, encoded=True)
            except ArchiveDamagedError as error:
                self._archive.set_aside(manifest.day, manifest.stem)
                report.problems.append(error)
                report.damaged.append(manifest)
                report.lost.add(manifest.day)
                continue
            for group in _groups(chunks, MAX_CHUNK_ROWS - sum(rows.num_rows for rows in tables)):
                rows = rows_of_chunks(table, group)
                if batches and rows.num_rows + sum(some.num_rows for some in tables) > MAX_CHUNK_ROWS:
                    yield batches, _block(tables)
                    batches, tables = [], []
                batches += [chunk.batch for chunk in group]
                tables.append(rows)
        if batches:
            yield batches, _block(tables)

    def _insert(self, rollup: Rollup, rows: pa.Table) -> None:
        self._unsettled.add(rollup.name)
        try:
            self._store.insert(rollup.name, rows, self._query_id(rollup))
        except OutcomeUnknownError:
            self._settle(rollup)
        self._unsettled.discard(rollup.name)

    def _settle(self, rollup: Rollup) -> None:
        """Make sure that no insert of ours is still running: what the store says after that holds."""
        if rollup.name in self._unsettled:
            self._store.cancel(self._query_id(rollup))
            self._unsettled.discard(rollup.name)

    def _query_id(self, rollup: Rollup) -> str:
        """Return the id of every insert of this node into a rollup: the server refuses a second one at a time."""
        return f"footfall-{self._archive.node}-{rollup.name}"


def _days_of(chunks: Sequence[Chunk]) -> dict[str, str | int]:
    """Return the first and the last local day of any of them, as parameters."""
    first, last = min(chunk.first_day for chunk in chunks), max(chunk.last_day for chunk in chunks)
    return {"first": first.isoformat(), "last": last.isoformat()}


def _groups(chunks: Sequence[Chunk], room: int) -> Iterator[list[Chunk]]:
    """Yield chunks that fit one insert together, the first of them into what has `room` rows left."""
    group: list[Chunk] = []
    for chunk in chunks:
        room -= chunk.rows
        if group and room < 0:
            yield group
            group, room = [], MAX_CHUNK_ROWS - chunk.rows
        group.append(chunk)
    yield group


def _block(tables: Sequence[pa.Table]) -> pa.Table:
    """Return the tables as one, with one dictionary for each text."""
    return pa.concat_tables(tables).unify_dictionaries()


def _together(months: Iterable[Sequence[Manifest]]) -> Iterator[list[Sequence[Manifest]]]:
    """Yield as many at once as have few enough chunks and rows."""
    group, chunks, rows = list[Sequence[Manifest]](), 0, 0
    for manifests in months:
        found = [chunk for each in manifests for file in each.tables.values() for chunk in file.chunks]
        chunks, rows = chunks + len(found), rows + sum(chunk.rows for chunk in found)
        if group and (chunks > MAX_CHECKED_CHUNKS or rows > MAX_CHECKED_ROWS):
            yield group
            group, chunks, rows = [], len(found), sum(chunk.rows for chunk in found)
        group.append(manifests)
    if group:
        yield group


def _by_month(manifests: Iterable[Manifest], rollup: Rollup) -> dict[Month, Wanted]:
    by_month: dict[Month, Wanted] = defaultdict(dict)
    for manifest in manifests:
        if rollup.name in manifest.tables:
            for chunk in manifest.tables[rollup.name].chunks:
                by_month[chunk.month][chunk.batch] = (manifest, chunk)
    return by_month


def _turns(months: Iterable[Wanted], most: int) -> Iterator[Wanted]:
    """Yield what to ask about and insert next: a month, or up to `most` that fit one insert together."""
    turn, rows, number = Wanted(), 0, 0
    for wanted in months:
        more = sum(chunk.rows for _, chunk in wanted.values())
        if turn and (number == most or rows + more > MAX_CHUNK_ROWS):
            yield turn
            turn, rows, number = Wanted(), 0, 0
        turn, rows, number = turn | wanted, rows + more, number + 1
    if turn:
        yield turn


def _by_manifest(absent: Wanted) -> Iterator[tuple[Manifest, list[Chunk]]]:
    in_order = [absent[batch] for batch in sorted(absent)]
    for _, group in groupby(in_order, key=lambda source: (source[0].day, source[0].stem)):
        sources = list(group)
        yield sources[0][0], [chunk for _, chunk in sources]
