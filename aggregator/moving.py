"""Archive → another store: filled from nothing or from where it was interrupted, then compared by table and month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import groupby

from aggregator.archive import Archive
from aggregator.inventory import days_of
from aggregator.loader import Loader, LoadReport
from aggregator.manifest import Manifest
from aggregator.shard_archive import ShardArchive
from aggregator.thinning import Advance, no_advance
from schema.errors import SetAsideError
from schema.rollups import ROLLUPS, Rollup
from schema.store import Store

_LOOKS = 5
Figures = tuple[int, ...]  # rows, and the sum of each measure


@dataclass(frozen=True)
class MonthDifference:
    """A table's local month that the store has otherwise than the archive."""

    table: str
    month: int  # YYYYMM
    what: str  # rows, or a measure
    found: int
    expected: int


@dataclass
class MoveReport:
    """What was loaded, and whether the store may be switched to."""

    days: int = 0
    months: int = 0
    inserted_rows: int = 0
    rows: int = 0  # that the store has now, of this archive
    differences: list[MonthDifference] = field(default_factory=list)
    problems: list[SetAsideError] = field(default_factory=list)

    @property
    def is_equal(self) -> bool:
        """Whether the store has exactly what the archive had at the start."""
        return not (self.differences or self.problems)


def move(archive: Archive, store: Store, advance: Advance = no_advance) -> MoveReport:
    """Load into `store` whatever `archive` has and the store has not, some months at a time, then compare their sums.

    The archive is only read, and may grow and be compacted meanwhile. Interrupted: run it again.

    Raises:
        StoreUnavailableError: not done; run it again.
    """
    for look in range(_LOOKS):
        frozen = _Frozen(archive.root, archive.node)
        report = MoveReport()
        manifests, report.problems = _read_manifests(frozen)
        loaded = _load(frozen, store, manifests, advance)
        report.problems += loaded.problems
        if not report.problems or look == _LOOKS - 1 or manifests == _read_manifests(frozen)[0]:
            break  # else a day was compacted while it was read: the rest of it is under other names now
    report.days, report.inserted_rows = len(days_of(manifests)), loaded.inserted_rows
    _compare(store, manifests, report)
    return report


def _read_manifests(archive: Archive) -> tuple[list[Manifest], list[SetAsideError]]:
    manifests: list[Manifest] = []
    problems: list[SetAsideError] = []
    for day in archive.days():
        found, wrong = archive.manifests(day)
        manifests += found
        problems += wrong
    return manifests, problems


def _load(archive: Archive, store: Store, manifests: Sequence[Manifest], advance: Advance) -> LoadReport:
    report, shards = LoadReport(), store.shards
    months = [list(some) for _, some in groupby(manifests, key=lambda each: (each.day.year, each.day.month))]
    for number, shard in enumerate(shards):
        part = _FrozenPart(archive.root, archive.node, number, len(shards)) if len(shards) > 1 else None
        narrowed = ([part.narrow(manifest) for manifest in some] if part else some for some in months)
        tell = partial(_tell, advance, number * len(months), len(shards) * len(months))
        Loader(part or archive, shard).load_months(narrowed, report, tell)
    return report


def _tell(advance: Advance, before: int, total: int, done: int) -> None:
    advance(before + done, total)


def _compare(store: Store, manifests: Sequence[Manifest], report: MoveReport) -> None:
    nodes = sorted({manifest.node for manifest in manifests})
    months: set[int] = set()
    for rollup in ROLLUPS:
        expected, found = _expected(manifests, rollup), _found(store, rollup, nodes) if nodes else {}
        months |= expected.keys()
        report.rows += sum(rows for rows, *_ in found.values())
        nothing = (0,) * (1 + len(rollup.measures))
        for month in sorted(expected.keys() | found.keys()):
            sides = zip(found.get(month, nothing), expected.get(month, nothing), strict=True)
            for name, (theirs, ours) in zip(("rows", *rollup.measure_names), sides, strict=True):
                if theirs != ours:
                    report.differences.append(MonthDifference(rollup.name, month, name, theirs, ours))
    report.months = len(months)


def _expected(manifests: Iterable[Manifest], rollup: Rollup) -> dict[int, Figures]:
    sums: dict[int, list[int]] = defaultdict(lambda: [0] * (1 + len(rollup.measures)))
    for manifest in manifests:
        for chunk in manifest.tables[rollup.name].chunks if rollup.name in manifest.tables else ():
            year, month = chunk.month
            known = sums[year * 100 + month]
            for place, figure in enumerate((chunk.rows, *chunk.sums.values())):
                known[place] += figure
    return {month: tuple(figures) for month, figures in sums.items()}


def _found(store: Store, rollup: Rollup, nodes: Sequence[int]) -> dict[int, Figures]:
    sums = ", ".join(f"sum({name})" for name in rollup.measure_names)
    rows = store.query(
        f"SELECT toYYYYMM(day) AS month, count(), {sums} FROM {rollup.name}"
        f" WHERE bitShiftRight(batch, 52) IN ({', '.join(map(str, nodes))}) GROUP BY month"
    )
    return {int(month): tuple(int(figure) for figure in figures) for month, *figures in rows}


class _Frozen(Archive):
    """An archive that somebody else may be writing: what seems damaged is left where it is."""

    def set_aside(self, day: date, stem: str) -> None:
        """Leave it: its files may be in a compacted day by now."""


class _FrozenPart(ShardArchive):
    """The same, of one shard."""

    def set_aside(self, day: date, stem: str) -> None:
        """Leave it: its files may be in a compacted day by now."""
