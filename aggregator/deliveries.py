"""Archive → every shard of the store: a Delivery for each, so that one that is away holds up no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from aggregator.archive import Archive
from aggregator.delivery import Delivery, OpenDay
from aggregator.forget import finish_removals
from aggregator.loader import Loader, LoadReport
from aggregator.local_time import LocalTime
from aggregator.manifest import Manifest
from aggregator.pace import Backoff
from aggregator.rollup import Tables
from aggregator.shard_archive import ShardArchive
from schema.batch import Window
from schema.errors import RetryError
from schema.shards import are_on_shard
from schema.store import Store


class Deliveries:
    """What Delivery does, for each shard by itself; a store without shards is one. Opened when the store answers."""

    def __init__(
        self, archive: Archive, store: Store, local_time: LocalTime, live_seconds: int, clock: Callable[[], float]
    ) -> None:
        self._archive = archive
        self._store = store
        self._local_time = local_time
        self._live_seconds = live_seconds
        self._clock = clock
        self._legs: list[tuple[ShardArchive | None, Delivery]] = []
        self._early: list[Manifest] = []  # archived before the store was opened
        self._is_compared = False
        self._trouble = ""
        self._backoff = Backoff(clock)

    @property
    def trouble(self) -> str:
        """Why the store, or a shard of it, did not take the last thing it was given."""
        return next(filter(None, (self._trouble, *(leg.trouble for _, leg in self._legs))), "")

    @property
    def has_shown(self) -> bool:
        """Whether every shard has had a live snapshot."""
        return bool(self._legs) and all(leg.has_shown for _, leg in self._legs)

    @property
    def waiting(self) -> int:
        """How many batches are archived and not known to be in every shard."""
        return max((leg.waiting for _, leg in self._legs), default=len(self._early))

    @property
    def is_caught_up(self) -> bool:
        """Whether every shard has all that the archive has of its sites."""
        return bool(self._legs) and all(leg.is_caught_up for _, leg in self._legs)

    def shows_all(self, intake: OpenDay, records: int) -> bool:
        """Whether every shard has every batch, and its snapshot the rest of the `records` that were read."""
        return bool(self._legs) and all(leg.shows_all(intake, records) for _, leg in self._legs)

    def add(self, manifests: Iterable[Manifest]) -> None:
        """Take batches that are in the archive."""
        self._early += manifests

    def reconcile(self) -> None:
        """Compare the whole archive with every shard at the next `load`."""
        self._is_compared = False
        for _, leg in self._legs:
            leg.reconcile()

    def load(self) -> LoadReport:
        """Bring every shard that answers up to the archive."""
        report = LoadReport()
        if self._open():
            self._hand_over()
            self._compare(report)
            for _, leg in self._legs:
                _add(report, leg.load())
        return report

    def show(self, intake: OpenDay, records: int, now_ms: int) -> bool:
        """Write a live snapshot to each shard where it is time and there is anything new."""
        if len(self._legs) == 1:
            return self._legs[0][1].show(intake, records, now_ms)
        shown = [
            leg.show(ShardDay(intake, shard, len(self._legs)), records, now_ms)
            for shard, (_, leg) in enumerate(self._legs)
        ]
        return any(shown)

    def _open(self) -> bool:
        """Make a Delivery for each shard, once the store says how many there are."""
        if self._legs:
            return True
        if not self._backoff.is_over:
            return False
        try:
            shards = self._store.shards
            if len(shards) > 1:
                finish_removals(self._archive, self._store)
        except RetryError as error:
            self._trouble = str(error)
            self._backoff.fail()
            return False
        self._trouble = ""
        self._legs = [self._leg(shard, number, len(shards)) for number, shard in enumerate(shards)]
        return True

    def _leg(self, shard: Store, number: int, shards: int) -> tuple[ShardArchive | None, Delivery]:
        root, node = self._archive.root, self._archive.node
        part = ShardArchive(root, node, number, shards) if shards > 1 else None
        return part, Delivery(part or self._archive, shard, self._local_time, self._live_seconds, self._clock)

    def _hand_over(self) -> None:
        for part, leg in self._legs:
            leg.add([part.narrow(manifest) for manifest in self._early] if part else self._early)
        self._early = []

    def _compare(self, report: LoadReport) -> None:
        """Spare the shards what all of them together have: a comparison by shard has to read every file."""
        if self._is_compared or len(self._legs) == 1:
            return
        self._is_compared = True
        try:
            lacking = Loader(self._archive, self._store).lacking(report)
        except RetryError:
            return  # then each compares what it has
        for part, leg in self._legs:
            assert part is not None  # there are several
            leg.take_compared([part.narrow(manifest) for manifest in lacking])


@dataclass
class ShardDay:
    """What is open of the sites of one shard."""

    whole: OpenDay
    shard: int
    shards: int

    @property
    def through(self) -> Window | None:
        """The last window that was cut."""
        return self.whole.through

    @property
    def open_since_ms(self) -> int:
        """No open visit began before this."""
        return self.whole.open_since_ms

    def live(self) -> Tables:
        """The counts of visits still open."""
        kept = {}
        for name, counts in self.whole.live().items():
            is_ours = np.asarray(are_on_shard([str(site) for site in counts["site"]], self.shard, self.shards))
            if is_ours.any():
                kept[name] = {column: values[is_ours] for column, values in counts.items()}
        return kept


def _add(report: LoadReport, part: LoadReport) -> None:
    report.inserted_rows += part.inserted_rows
    report.problems += part.problems
    report.damaged += part.damaged
    report.lost |= part.lost
