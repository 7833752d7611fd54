"""What parts of the store lack of their tables' projections, and having the engine make it, in its own background.

Until then such a part is read from the table itself: the answers are the same. What was begun, the engine goes on with
after a restart, and what a part has already is not made again; so all of this may be interrupted and repeated.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from aggregator.thinning import Advance, no_advance
from schema.errors import RetryError, StoreUnavailableError
from schema.rollups import BY_NAME
from schema.store import Store

log = logging.getLogger("footfall.aggregator")

_POLL_SECONDS = 0.05
_PATIENCE_SECONDS = 600.0  # a large part takes long; one that finds no room on the disk waits for it without a word

SELECT_LACKING = """
SELECT table, arraySort(groupUniqArray(projection)), arraySort(groupUniqArray(partition_id))
FROM (
    SELECT table, partition_id, projections, arrayJoin(declared) AS projection
    FROM system.parts
    INNER JOIN (
        SELECT table, groupArray(name) AS declared
        FROM system.projections WHERE database = currentDatabase() GROUP BY table
    ) AS names USING (table)
    WHERE database = currentDatabase() AND active AND rows > 0
)
WHERE NOT has(projections, projection)
GROUP BY table ORDER BY table
"""
SELECT_UNDER_WAY = """
SELECT table, sum(parts_to_do), max(latest_fail_reason)
FROM system.mutations WHERE database = currentDatabase() AND NOT is_done
GROUP BY table
"""


@dataclass(frozen=True)
class Lacking:
    """Projections of a table that some of its parts do not have, and the partitions of those parts."""

    table: str
    projections: tuple[str, ...]
    partitions: tuple[str, ...]

    @property
    def statement(self) -> str:
        """SQL that has the engine make them; of one partition if no other lacks any: the rest is linked."""
        where = f" IN PARTITION ID '{self.partitions[0]}'" if len(self.partitions) == 1 else ""
        made = ", ".join(f"MATERIALIZE PROJECTION {name}{where}" for name in self.projections)
        return f"ALTER TABLE {self.table} {made} SETTINGS mutations_sync = 0"


def lacking(shard: Store) -> list[Lacking]:
    """Return what parts of one shard lack; nothing if the engine knows no projections, or does not say."""
    if not shard.capabilities.lists_projections:
        return []
    rows = shard.query(SELECT_LACKING)
    found = [Lacking(table, tuple(names), tuple(partitions)) for table, names, partitions in rows]
    return [each for each in found if each.table in BY_NAME]


def begin(store: Store) -> None:
    """Have the engine make what parts lack, of each table of which it is not at work already.

    Raises:
        StoreUnavailableError: to be repeated as it was; or the engine is at work, and cannot make one.
    """
    for shard in store.shards:
        if found := lacking(shard):
            under_way = {table: trouble for table, _, trouble in shard.query(SELECT_UNDER_WAY)}
            for each in found:
                if each.table not in under_way:
                    shard.execute(each.statement)
            _check_troubles(under_way.items())


def complete(
    store: Store,
    advance: Advance = no_advance,
    pause: Callable[[], None] = lambda: time.sleep(_POLL_SECONDS),
    patience_seconds: float = _PATIENCE_SECONDS,
) -> None:
    """Have the engine make what parts lack, and return when it is done; not what is inserted meanwhile.

    Raises:
        StoreUnavailableError: not done, or only some; `begin` goes on with it.
    """
    total, before, since = 0, 0, time.monotonic()
    for _ in range(2):  # what was under way at first may have been begun before the last parts were there
        begin(store)
        while left := parts_to_do(store):
            if left != before:
                before, since = left, time.monotonic()
            elif time.monotonic() - since > patience_seconds:
                raise StoreUnavailableError(f"nothing happened for {patience_seconds:.0f} s: is its disk full?")
            total = max(total, left)
            advance(total - left, total)
            pause()
    advance(total, total)


def parts_to_do(store: Store) -> int:
    """Return how much there is still to be made: of each part each projection.

    Raises:
        StoreUnavailableError: the engine cannot make one, or no answer.
    """
    count = 0
    for shard in store.shards:
        under_way = shard.query(SELECT_UNDER_WAY) if shard.capabilities.lists_projections else []
        _check_troubles((table, trouble) for table, _, trouble in under_way)
        count += sum(max(1, int(parts)) for _, parts, _ in under_way)
    return count


def _check_troubles(tables: Iterable[tuple[str, str]]) -> None:
    for table, trouble in tables:
        if trouble:
            raise StoreUnavailableError(f"projections of {table}: {trouble.partition(chr(10))[0][:500]}")


class Projections:
    """Begins, when it is told to look, what parts lack; a store that refuses is said so and asked at the next look."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._is_due = False

    def look(self) -> None:
        """Look at the next step."""
        self._is_due = True

    def step(self) -> None:
        """Look, if it is time."""
        if not self._is_due:
            return
        self._is_due = False
        try:
            begin(self._store)
        except RetryError as error:
            log.warning("projections are made later, pages that read long periods are slower until then: %s", error)
