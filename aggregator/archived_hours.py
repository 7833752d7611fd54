"""What the archive's closed batches took in, by the hours of a local day: of what is closed, the side beside the store.

Read-only: safe beside the aggregator, and from any thread.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from aggregator.archive import Archive
from aggregator.chunks import Chunk, rows_of_chunks
from aggregator.day_directories import first_of_month, last_of_month
from aggregator.inventory import take_inventory
from aggregator.manifest import Manifest
from aggregator.store_count import Booked, Books, enter_archived
from schema.errors import ArchiveDamagedError
from schema.rollups import BATCHES, REJECTIONS

_DAY = timedelta(days=1)
_LOOKS = 5  # at files that are compacted meanwhile


def archived_hours(archive: Archive, day: date, open_days: Collection[date]) -> tuple[Books, list[str]]:
    """Return what this node's batches took in of the sites' local `day`, and what cannot be read of that.

    Batches of the UTC `open_days` are left out: the spool has those.
    """
    for look in range(_LOOKS):
        books, problems = _look(archive, day, open_days)
        if not problems or look == _LOOKS - 1:
            break
    return books, problems


def _look(archive: Archive, day: date, open_days: Collection[date]) -> tuple[Books, list[str]]:
    books: Books = defaultdict(Booked)
    problems: list[str] = []
    for directory in archive.days():
        if first_of_month(day - _DAY) <= directory <= last_of_month(day + _DAY):
            inventory = take_inventory(archive, directory)
            problems += [str(problem) for problem in inventory.problems]
            for manifest in inventory.manifests:
                try:
                    _enter(books, archive, manifest, day, open_days)
                except ArchiveDamagedError as error:
                    problems.append(str(error))
    return dict(books), problems


def _enter(books: Books, archive: Archive, manifest: Manifest, day: date, open_days: Collection[date]) -> None:
    if manifest.node != archive.node:
        return
    for rollup in (BATCHES, REJECTIONS):
        if chunks := list(_wanted(manifest, rollup.name, day, open_days)):
            rows: pa.Table = rows_of_chunks(archive.read(manifest, rollup.name), chunks)
            enter_archived(books, rollup.name, rows.filter(pc.equal(rows["day"], pa.scalar(day, pa.date32()))))


def _wanted(manifest: Manifest, table: str, day: date, open_days: Collection[date]) -> Iterator[Chunk]:
    for chunk in manifest.tables[table].chunks if table in manifest.tables else ():
        if chunk.first_day <= day <= chunk.last_day and chunk.window.day not in open_days:
            yield chunk
