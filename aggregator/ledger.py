"""The ledger: received = counted + rejected + pending, per site and hour, from sides that count by themselves. Pure.

The collector's side are the tallies of the workers, the spool's the records in the segments, the store's the batches,
the rejections and the live snapshot. Records that two sides do not agree on are a difference.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, tzinfo

import msgspec

from aggregator.local_time import local_hour
from aggregator.spool_count import DayCount, total_of
from aggregator.store_count import Booked, Books, Hour
from schema.hit import Kind, Rejection
from schema.tally_format import QUARTER_MS, Place, Tallied

_HIT = "hit"  # of any kind: which of them are duplicates is for the aggregator to find out
_KINDS = frozenset(kind.name.lower() for kind in Kind)
_FOUND_LATER = frozenset((Rejection.DUPLICATE.value, Rejection.NO_VISIT.value))


class LedgerRow(msgspec.Struct, frozen=True):
    """One hour of one site. `received` = `counted` + all `rejected` + `pending`, but for `difference` records."""

    site: str
    day: date  # local
    hour: int  # its start, seconds since the epoch
    received: int
    unvouched: int  # of those received: no worker has said that it acknowledged them, as after a power cut
    counted: int
    rejected: dict[str, int]  # by reason
    pending: int  # in the spool, and in no batch: visits that are open, windows that are not cut
    difference: int  # records that collector, spool and store do not agree on


@dataclass(frozen=True)
class Evidence:
    """What each side says. All of it in one go: what comes in meanwhile is in `high` and not in `low`."""

    low: Mapping[date, DayCount]  # the spool before the store was brought up to it
    high: Mapping[date, DayCount]  # the spool after that
    batches: Books
    live: Books


@dataclass
class _Vouched:
    """What the workers say about the segments, against what is in them."""

    unvouched: Tallied = field(default_factory=Counter)
    difference: Tallied = field(default_factory=Counter)


def compare(evidence: Evidence, hour_of: Callable[[Place], Hour]) -> list[LedgerRow]:
    """Return a row for every hour that any side knows of, in order."""
    low, high = (_by_hour(total_of(side), hour_of) for side in (evidence.low, evidence.high))
    vouched = _vouch(evidence.high.values())
    unvouched, lost = _by_hour(vouched.unvouched, hour_of), _by_hour(vouched.difference, hour_of)
    none: Tallied = Counter()
    nothing = Booked()
    rows = []
    for hour in sorted({*low, *high, *lost, *evidence.batches, *evidence.live}):
        batches, live = evidence.batches.get(hour, nothing), evidence.live.get(hour, nothing)
        least, most = low.get(hour, Counter()), high.get(hour, Counter())
        difference = sum(lost.get(hour, none).values()) + _distance(_taken(batches, live), least, most)
        difference += sum(abs(booked.rejected_hits - booked.rejected.total()) for booked in (batches, live))
        in_flight = most.total() - _taken(batches, live).total()
        rows.append(
            LedgerRow(
                *hour,
                received=most.total(),
                unvouched=unvouched.get(hour, none).total(),
                counted=batches.counted,
                rejected=dict(batches.rejected),
                pending=live.counted + live.rejected.total() + (0 if difference else in_flight),
                difference=difference,
            )
        )
    return rows


def closed_rows(stored: Books, archived: Books | None = None) -> list[LedgerRow]:
    """Return rows for hours of which the spool is gone: its records are what the archived batches took in.

    Without `archived`, as of another node's, only the store is left to say that.
    """
    archived = stored if archived is None else archived
    nothing = Booked()
    rows = []
    for hour in sorted({*stored, *archived}):
        ours, theirs = archived.get(hour, nothing), stored.get(hour, nothing)
        inside = max(abs(booked.rejected_hits - booked.rejected.total()) for booked in (ours, theirs))
        rows.append(
            LedgerRow(
                *hour,
                received=ours.counted + ours.rejected_hits,
                unvouched=0,
                counted=theirs.counted,
                rejected=dict(theirs.rejected),
                pending=0,
                difference=max(inside, _unlike(ours, theirs)),
            )
        )
    return rows


def merge_rows(rows: Iterable[LedgerRow]) -> list[LedgerRow]:
    """Return one row per hour: where time zones have half hours, one may be of two UTC days."""
    merged: dict[Hour, LedgerRow] = {}
    for row in rows:
        hour = Hour(row.site, row.day, row.hour)
        merged[hour] = _sum(merged[hour], row) if hour in merged else row
    return [merged[hour] for hour in sorted(merged)]


def hours_of(zones: Mapping[str, tzinfo]) -> Callable[[Place], Hour]:
    """Return what tells the local hour of a place; a site without a time zone has UTC."""
    known: dict[tuple[str, int], Hour] = {}

    def find(place: Place) -> Hour:
        site, quarter, _ = place
        if (site, quarter) not in known:
            known[site, quarter] = Hour(site, *local_hour(quarter * QUARTER_MS, zones.get(site, UTC)))
        return known[site, quarter]

    return find


def _by_hour(tallied: Tallied, hour_of: Callable[[Place], Hour]) -> dict[Hour, Counter[str]]:
    found: dict[Hour, Counter[str]] = defaultdict(Counter)
    for place, count in tallied.items():
        what = place[2]
        found[hour_of(place)][_HIT if what in _KINDS else what] += count
    return found


def _taken(*books: Booked) -> Counter[str]:
    """Return what was taken in by what it was in the spool: a hit, or rejected for some reason already."""
    taken: Counter[str] = Counter()
    for booked in books:
        taken[_HIT] += booked.counted
        for reason, hits in booked.rejected.items():
            taken[_HIT if reason in _FOUND_LATER else reason] += hits
    return taken


def _unlike(ours: Booked, theirs: Booked) -> int:
    """Return how many records archive and store do not agree on."""
    reasons = {*ours.rejected, *theirs.rejected}
    rejected = sum(abs(ours.rejected[reason] - theirs.rejected[reason]) for reason in reasons)
    return abs(ours.counted - theirs.counted) + max(rejected, abs(ours.rejected_hits - theirs.rejected_hits))


def _distance(found: Counter[str], least: Counter[str], most: Counter[str]) -> int:
    """Return how many records are less than there must be, or more than there can be."""
    return sum(max(least[what] - found[what], found[what] - most[what], 0) for what in {*found, *least, *most})


def _vouch(days: Iterable[DayCount]) -> _Vouched:
    """Compare each segment with its worker's entry.

    A worker that sealed its segment knows all that is in it. One that died may have acknowledged less than is there,
    never more.
    """
    vouched = _Vouched()
    for day in days:
        for name in {*day.segments, *day.entries}:
            segment, entry = day.segments.get(name), day.entries.get(name)
            inside = segment.tallied if segment else Counter[Place]()
            said = entry.tallied if entry else Counter[Place]()
            vouched.difference += said - inside
            if entry and entry.is_complete:
                vouched.difference += inside - said
            elif segment and segment.is_sealed:
                vouched.unvouched += inside - said
    return vouched


def _sum(one: LedgerRow, other: LedgerRow) -> LedgerRow:
    figures = {
        name: getattr(one, name) + getattr(other, name)
        for name in ("received", "unvouched", "counted", "pending", "difference")
    }
    return msgspec.structs.replace(one, rejected=dict(Counter(one.rejected) + Counter(other.rejected)), **figures)
