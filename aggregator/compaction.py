"""A day's many small archive files → one per rollup."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import pyarrow as pa

from aggregator.archive import Archive
from aggregator.chunks import Chunk
from aggregator.manifest import Manifest, stem_of
from schema.errors import ArchiveDamagedError
from schema.rollups import ROLLUPS

GROUP_ROWS = 500_000  # of a day's file that are read and written together


def compact_day(archive: Archive, day: date) -> Manifest | None:
    """Put all batches of this node and UTC day into one file per rollup; return its manifest, None without batches.

    The manifest of the day is the commit; then the parts are removed. May be interrupted anywhere and run again.

    Raises:
        ArchiveDamagedError: a batch is not as it was written; it was set aside, and nothing was compacted.
    """
    manifests, problems = archive.manifests(day)
    if problems:
        raise problems[0]
    own = [manifest for manifest in manifests if manifest.node == archive.node]
    if not own:
        return None
    whole = own[0] if archive.is_compacted(day) else archive.put(day, None, _tables(archive, own))
    archive.remove(day, [stem_of(window, archive.node) for window in whole.by_window])
    return whole


def _tables(archive: Archive, parts: Sequence[Manifest]) -> Iterator[tuple[str, Iterator[pa.Table], list[Chunk]]]:
    in_time = sorted(parts, key=lambda part: part.window or 0)
    for rollup in ROLLUPS:
        having = [part for part in in_time if rollup.name in part.tables]
        if having:
            chunks = [chunk for part in having for chunk in part.tables[rollup.name].chunks]
            yield rollup.name, _rows(archive, having, rollup.name), chunks


def _rows(archive: Archive, parts: Sequence[Manifest], table: str) -> Iterator[pa.Table]:
    """Yield the rows of all `parts`, some batches at a time: a busy day has millions, too many to hold at once."""
    group: list[pa.Table] = []
    for part in parts:
        group.append(read_part(archive, part, table, encoded=True))
        if sum(rows.num_rows for rows in group) >= GROUP_ROWS:
            yield pa.concat_tables(group).unify_dictionaries()
            group = []
    if group:
        yield pa.concat_tables(group).unify_dictionaries()


def read_part(archive: Archive, part: Manifest, table: str, *, encoded: bool = False) -> pa.Table:
    """Return the rows of one rollup; a batch that is damaged is set aside before that is raised."""
    try:
        return archive.read(part, table, encoded=encoded)
    except ArchiveDamagedError:
        archive.set_aside(part.day, part.stem)
        raise
