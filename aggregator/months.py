"""The days of a month, or a third of one → one file per rollup: a small day's files are mostly what describes them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import date

import pyarrow as pa

from aggregator.archive import Archive
from aggregator.chunks import Chunk
from aggregator.compaction import read_part
from aggregator.day_directories import first_of_month, last_of_month, third_of_month
from aggregator.manifest import Manifest, Span, stem_of
from schema.durable_files import fsync_directory
from schema.rollups import ACQUISITION, CLIENT, ROLLUPS, Rollup

MAX_SPAN_ROWS = 1_000_000  # in all tables: more would take long, and such days have files large enough by themselves
_WHOSE = frozenset((*ACQUISITION, *CLIENT, "dimension", "parent", "value"))


def compact_span(archive: Archive, first: date, last: date) -> Manifest | None:
    """Put all days of this node from `first` to `last` into one file per rollup, in the directory of `last`.

    Return its manifest, or None if that would be no gain: fewer than two parts, a day not compacted, very many rows.
    The manifest is the commit; then the days are removed. May be interrupted anywhere and run again. Afterwards every
    day of the span is closed, also those of which there was nothing.

    Raises:
        ArchiveDamagedError: a day is not as it was written; it was set aside, and nothing was compacted.
    """
    days = [day for day in archive.days() if first <= day <= last]
    parts = [part for day in days for part in _own(archive, day)]
    whole = next((part for part in parts if (part.first_day, part.day) == (first, last)), None)
    if whole is None:
        if len(parts) < 2 or any(part.span is Span.WINDOW for part in parts) or _rows(parts) > MAX_SPAN_ROWS:
            return None
        whole = archive.put(last, None, _tables(archive, parts), first)
    _remove_parts(archive, days, whole)
    return whole


def spans_to_compact(archive: Archive, before: date) -> list[tuple[date, date]]:
    """Return the first and last days of the months, and of the thirds of this month, over before the day `before`.

    Left out are those of which there is one compacted file, or none.
    """
    found: dict[tuple[date, date], int] = {}
    for day in archive.days():
        is_this_month = first_of_month(day) == first_of_month(before)
        span = third_of_month(day) if is_this_month else (first_of_month(day), last_of_month(day))
        if span[1] < before:
            found[span] = found.get(span, 0) + len(_wholes(archive, day))
    return sorted(span for span, wholes in found.items() if wholes > 1)


def _wholes(archive: Archive, day: date) -> list[str]:
    stems = {stem_of(None, archive.node, span) for span in Span if span > Span.WINDOW}
    return [stem for stem in stems if any(archive.directory(day).glob(f"{stem}.*"))]


def _own(archive: Archive, day: date) -> list[Manifest]:
    manifests, problems = archive.manifests(day)
    if problems:
        raise problems[0]
    return [manifest for manifest in manifests if manifest.node == archive.node]


def _tables(archive: Archive, parts: Sequence[Manifest]) -> Iterator[tuple[str, pa.Table, list[Chunk]]]:
    for rollup in ROLLUPS:
        having = [part for part in parts if rollup.name in part.tables]
        if having:
            rows = pa.concat_tables([read_part(archive, part, rollup.name) for part in having])
            chunks = [chunk for part in having for chunk in part.tables[rollup.name].chunks]
            yield rollup.name, _in_order(rollup, rows), chunks


def _in_order(rollup: Rollup, rows: pa.Table) -> pa.Table:
    """Return the rows by batch, and those of equal visits side by side: that is what packs best."""
    whose = [name for name in rollup.key_names if name in _WHOSE]
    others = [name for name in rollup.key_names if name not in (*whose, "site", "day")]
    return rows.sort_by([(name, "ascending") for name in ("batch", "site", "day", *whose, *others)])


def _remove_parts(archive: Archive, days: Sequence[date], whole: Manifest) -> None:
    smaller = [stem_of(None, archive.node, span) for span in Span if Span.WINDOW < span < whole.span]
    for day in days:
        archive.remove(day, smaller)
        with contextlib.suppress(OSError):  # another node's batches may be there
            archive.directory(day).rmdir()
    fsync_directory(archive.root)


def _rows(parts: Sequence[Manifest]) -> int:
    return sum(chunk.rows for part in parts for file in part.tables.values() for chunk in file.chunks)
