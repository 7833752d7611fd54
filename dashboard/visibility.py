"""Which rows count now: a table's batches up to the newest live snapshots, and the snapshots' own rows. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from dashboard.period import Period
from schema.live import Snapshot, live_table


@dataclass(frozen=True)
class Part:
    """Rows of one table: those of local days from `start` to before `end` for which `condition` holds."""

    table: str
    start: date
    end: date
    condition: str = ""


def visible_parts(rollup: str, period: Period, snapshots: Sequence[Snapshot]) -> list[Part]:
    """Return what makes up `rollup` within `period`: no row of it twice, and none missing.

    Days before all snapshots' open days need no condition, so that the engine can read them from a projection.
    """
    if not snapshots:
        return [Part(rollup, period.start, period.end)]
    settled = min(max(min(snapshot.open_day for snapshot in snapshots), period.start), period.end)
    closed = Part(rollup, period.start, settled)
    complemented = Part(rollup, settled, period.end, " AND ".join(map(_is_complemented, snapshots)))
    live = [Part(live_table(s.node, s.slot, rollup), settled, period.end) for s in snapshots]
    return [part for part in (closed, complemented, *live) if part.start < part.end]


def is_overtaken(used: Sequence[Snapshot], newest: Sequence[Snapshot], *, spare: int) -> bool:
    """Whether a slot that was read may meanwhile have been filled anew.

    Its node fills it again after the snapshot that follows, so with no newer snapshot (`spare` = 0) it was certainly
    left alone. With one newer snapshot (`spare` = 1) it was, unless the node was already filling the next.
    """
    numbers = {(snapshot.shard, snapshot.place, snapshot.node): snapshot.number for snapshot in newest}
    return any(not 0 <= numbers.get((s.shard, s.place, s.node), -1) - s.number <= spare for s in used)


def _is_complemented(snapshot: Snapshot) -> str:
    """The condition on rows of days not yet settled: another node's, or in what the snapshot complements."""
    return (
        f"(day < '{snapshot.open_day.isoformat()}' OR batch <= {snapshot.through:d}"
        f" OR bitShiftRight(batch, 52) != {snapshot.node:d})"
    )
