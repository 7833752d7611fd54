import itertools
import os
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from aggregator import compaction
from aggregator.archive import Archive
from aggregator.compaction import compact_day
from aggregator.manifest import Manifest
from schema.batch import utc_day
from schema.errors import ArchiveDamagedError
from support.batches import archive_of, flip_bit
from support.hits import at, event, pageview

DAY = utc_day(at("10:00"))
HITS = [pageview("10:00"), pageview("12:00", visitor=2), event("15:00", "buy")]


class PulledPlugError(Exception):
    """The process ends here."""


def names(archive: Archive) -> set[str]:
    return {path.name for path in archive.directory(DAY).iterdir()}


def rows(archive: Archive, manifests: list[Manifest]) -> dict[str, list[dict[str, object]]]:
    """All rows of the archive by table, batch by batch."""
    found: dict[str, list[dict[str, object]]] = {}
    for manifest in sorted(manifests, key=lambda manifest: manifest.window or 0):
        for name in manifest.tables:
            found.setdefault(name, []).extend(archive.read(manifest, name).to_pylist())
    return found


def test_a_compacted_day_holds_every_row_and_figure_in_one_file_per_table(tmp_path: Path) -> None:
    archive, parts = archive_of(tmp_path, HITS)
    before = rows(archive, parts)
    whole = compact_day(archive, DAY)
    assert whole
    assert archive.manifests(DAY) == ([whole], [])
    assert rows(archive, [whole]) == before
    assert whole.by_window == {window: figures for part in parts for window, figures in part.by_window.items()}
    assert names(archive) == {"day.1.json", *(f"day.1.{name}.parquet" for name in whole.tables)}


def test_a_day_of_many_rows_is_put_together_some_batches_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, parts = archive_of(tmp_path, HITS)
    before = rows(archive, parts)
    monkeypatch.setattr(compaction, "GROUP_ROWS", 1)
    whole = compact_day(archive, DAY)
    assert whole
    assert rows(archive, [whole]) == before
    groups = pq.ParquetFile(archive.directory(DAY) / "day.1.batches.parquet").num_row_groups
    assert groups == len(before["batches"]) > 1


def test_compacting_again_changes_nothing(tmp_path: Path) -> None:
    archive, _ = archive_of(tmp_path, HITS)
    assert compact_day(archive, DAY) == compact_day(archive, DAY)


def test_a_day_without_batches_has_nothing_to_compact(tmp_path: Path) -> None:
    assert compact_day(Archive(tmp_path, 1), DAY) is None


def test_other_nodes_batches_stay_as_they_are(tmp_path: Path) -> None:
    archive, _ = archive_of(tmp_path, HITS[:1], node=1)
    _, others = archive_of(tmp_path, HITS[:1], node=2)
    whole = compact_day(archive, DAY)
    assert archive.manifests(DAY) == ([*others, whole], [])


def pull_plug(patch: pytest.MonkeyPatch, number: int) -> None:
    """Let the process end before the file operation with this number."""
    count = itertools.count(1)

    def counted(real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **keywords: object) -> object:
            if next(count) == number:
                raise PulledPlugError
            return real(*arguments, **keywords)

        return call

    for owner, name in ((os, "write"), (os, "fsync"), (Path, "rename"), (Path, "unlink")):
        patch.setattr(owner, name, counted(getattr(owner, name)))


# write, fsync, rename of 3 tables, fsync; write, fsync, rename, fsync of the manifest; unlink of 2 batches; fsync
OPERATIONS = 3 * 3 + 1 + 4 + 8 + 1


@pytest.mark.parametrize("number", range(1, OPERATIONS + 1))
def test_it_can_be_interrupted_anywhere_and_run_again(tmp_path: Path, number: int) -> None:
    archive, parts = archive_of(tmp_path, HITS[:2])
    expected = rows(archive, parts)
    with pytest.MonkeyPatch.context() as patch:
        pull_plug(patch, number)
        with pytest.raises(PulledPlugError):
            compact_day(archive, DAY)
    assert rows(archive, archive.manifests(DAY)[0]) == expected
    whole = compact_day(archive, DAY)
    assert whole
    assert rows(archive, [whole]) == expected
    assert names(archive) == {"day.1.json", *(f"day.1.{name}.parquet" for name in whole.tables)}


def test_a_damaged_part_is_set_aside_and_nothing_is_compacted(tmp_path: Path) -> None:
    archive, parts = archive_of(tmp_path, HITS)
    flip_bit(archive.directory(DAY) / f"{parts[0].stem}.visits.parquet")
    with pytest.raises(ArchiveDamagedError):
        compact_day(archive, DAY)
    assert not archive.is_compacted(DAY)
    assert archive.manifests(DAY) == (parts[1:], [])


def test_a_damaged_manifest_is_set_aside_and_nothing_is_compacted(tmp_path: Path) -> None:
    archive, parts = archive_of(tmp_path, HITS)
    flip_bit(archive.directory(DAY) / f"{parts[0].stem}.json", 40)
    with pytest.raises(ArchiveDamagedError):
        compact_day(archive, DAY)
    assert not archive.is_compacted(DAY)
