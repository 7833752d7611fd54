"""A site that is to be forgotten: taken out of archive, store, live snapshot, and never taken from the spool again."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from aggregator import replacement
from aggregator.archive import QUARANTINE_NAME, Archive
from aggregator.removal import (
    COPY_NAME,
    NAME,
    DroppedMonths,
    ForgottenSite,
    Removal,
    read_removals,
    write_removals,
)
from aggregator.thinning import Advance, ThinReport, no_advance, thin
from schema.errors import ArchiveDamagedError, StopError, StoreUnavailableError
from schema.live import SLOTS, live_table
from schema.rollups import ROLLUPS
from schema.store import Parameters, Store

DELETE_SECONDS = 3600.0
_POLL_SECONDS = 0.05
_LOST = (
    f"put archive/{NAME} of a backup in its place; if no site was ever forgotten and no month dropped, remove"
    f" archive/{NAME} and archive/{COPY_NAME}"
)
_INDEX_MASK = (1 << 36) - 1  # of the window in a batch number; see schema/batch.py


@dataclass
class ForgetReport:
    """What was forgotten."""

    site: str
    archive: ThinReport
    stored_rows: int = 0
    quarantined_days: int = 0  # damaged batches set aside earlier, of which nobody can tell whose rows they hold


def forget(archive: Archive, store: Store, site: str, until_ms: int, advance: Advance = no_advance) -> ForgetReport:
    """Forget all of `site` that was received before `until_ms`. Interrupted: run it, or `finish_removals`, again.

    Footfall must not run meanwhile, and the site must be in its settings no longer.

    Raises:
        StoreUnavailableError: forgotten by the archive only; the next start goes on.
    """
    removal = ForgottenSite(site, until_ms)
    write_removals(archive.root, [*_others(archive, removal), removal])
    return _carry_out(archive, store, removal, advance)


def begin_removals(archive: Archive) -> tuple[Removal, ...]:
    """Finish in the archive what an interruption has left half removed; return all that was removed.

    The store's part, for which it need not answer yet, is left to `finish_removals`.

    Raises:
        StopError: the record of what was taken out cannot be read: without it a forgotten site would count again.
    """
    replacement.finish(archive.root)
    for removal in _known(archive):
        if isinstance(removal, ForgottenSite) and not removal.is_done:
            thin(archive, [removal], no_advance)
    return read_removals(archive.root)


def finish_removals(archive: Archive, store: Store) -> tuple[Removal, ...]:
    """Finish what an interruption has left half removed, before anything is counted; return all that was removed.

    Raises:
        StopError: the record of what was taken out cannot be read: without it a forgotten site would count again.
        StoreUnavailableError: not finished yet.
    """
    replacement.finish(archive.root)
    for removal in _known(archive):
        if isinstance(removal, ForgottenSite) and not removal.is_done:
            _carry_out(archive, store, removal, no_advance)
    return read_removals(archive.root)


def _known(archive: Archive) -> tuple[Removal, ...]:
    try:
        return read_removals(archive.root)
    except ArchiveDamagedError as error:
        raise StopError(f"what was forgotten is not known: {error}", hint=_LOST) from None


def _carry_out(archive: Archive, store: Store, removal: ForgottenSite, advance: Advance) -> ForgetReport:
    """The archive first: it is the truth, of which the store is then made to be the projection again."""
    report = ForgetReport(removal.site, thin(archive, [removal], advance))
    report.quarantined_days = _empty_quarantine(archive)
    report.stored_rows = sum(_delete(store, rollup.name, removal) for rollup in ROLLUPS)
    _hide_live(store, archive.node)
    write_removals(archive.root, [*_others(archive, removal), msgspec.structs.replace(removal, is_done=True)])
    return report


def _others(archive: Archive, removal: ForgottenSite) -> Iterator[Removal]:
    for known in read_removals(archive.root):
        if isinstance(known, DroppedMonths) or known.site != removal.site:
            yield known


def _empty_quarantine(archive: Archive) -> int:
    quarantine = archive.root / QUARANTINE_NAME
    days = len(list(quarantine.iterdir())) if quarantine.exists() else 0
    shutil.rmtree(quarantine, ignore_errors=not days)
    return days


def _delete(store: Store, table: str, removal: ForgottenSite) -> int:
    """Delete the site's rows by a mutation, which either has replaced a part or has not, and wait for it."""
    rows = _count(store, table, removal)
    if rows:
        window = f"bitAnd(bitShiftRight(batch, 16), {_INDEX_MASK})"
        site = removal.site.replace("\\", "\\\\").replace("'", "\\'")
        store.execute(f"ALTER TABLE {table} DELETE WHERE site = '{site}' AND {window} < {removal.until.index}")
        _wait(store, table, removal)
    return rows


def _wait(store: Store, table: str, removal: ForgottenSite) -> None:
    deadline = time.monotonic() + DELETE_SECONDS
    while _count(store, table, removal):
        if time.monotonic() > deadline:
            raise StoreUnavailableError(f"the store has not deleted the rows of {removal.site} from {table} yet")
        time.sleep(_POLL_SECONDS)


def _count(store: Store, table: str, removal: ForgottenSite) -> int:
    parameters: Parameters = {"site": removal.site, "until": removal.until.index}
    ((rows,),) = store.query(
        f"SELECT count() FROM {table} WHERE site = {{site:String}}"
        f" AND bitAnd(bitShiftRight(batch, 16), {_INDEX_MASK}) < {{until:UInt64}}",
        parameters,
    )
    return int(rows)


def _hide_live(store: Store, node: int) -> None:
    """Empty the node's live snapshot, where there is one: the next one is seconds away."""
    names = {live_table(node, slot, rollup.name) for slot in SLOTS for rollup in ROLLUPS}
    for (name,) in store.query("SELECT name FROM system.tables WHERE database = currentDatabase()"):
        if name in names:
            store.execute(f"TRUNCATE TABLE {name}")
