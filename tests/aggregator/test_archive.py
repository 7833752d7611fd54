from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from aggregator.archive import Archive
from aggregator.chunks import arrow_schema, figures
from aggregator.manifest import figures_of
from schema.batch import Window, utc_day
from schema.errors import ArchiveDamagedError
from schema.rollups import BY_NAME
from support.batches import archive_of, flip_bit, windows_of
from support.counts import count, total
from support.hits import at, event, pageview

HITS = [pageview("10:00"), event("10:01", "buy", visitor=2, props=(("plan", "x"),), currency="EUR", revenue=-7)]
DAY = utc_day(at("10:00"))
WINDOW = Window.of(at("10:30"))


def test_an_archived_table_reads_back_as_it_was(tmp_path: Path) -> None:
    archive, (manifest,) = archive_of(tmp_path, HITS)
    for name, counts in windows_of(HITS)[WINDOW].items():
        rows = archive.read(manifest, name)
        assert rows.schema == arrow_schema(BY_NAME[name])
        frame = pd.DataFrame(counts).drop(columns=["day", "hour"])
        assert rows.drop_columns(["batch", "day", "hour"]).to_pylist() == frame.to_dict("records")
        assert manifest.tables[name].chunks == (figures(BY_NAME[name], rows),)


def test_file_names_say_day_window_node_and_table(tmp_path: Path) -> None:
    archive_of(tmp_path, HITS[:1], node=3)
    names = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")}
    assert names == {
        f"2026-03-10/1030-3.{n}" for n in ("pageviews.parquet", "visits.parquet", "batches.parquet", "json")
    }


def test_the_same_counts_give_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        archive_of(tmp_path / name, HITS)
    assert files(tmp_path / "a") == files(tmp_path / "b")


def files(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(root.rglob("*.*"))}


def test_the_files_hold_nothing_but_counts(tmp_path: Path) -> None:
    archive, (manifest,) = archive_of(tmp_path, HITS)
    for name in manifest.tables:
        found = pq.read_metadata(archive.directory(DAY) / f"{manifest.stem}.{name}.parquet")
        assert found.metadata is None
        assert found.row_group(0).column(0).compression == "LZ4"


def test_files_without_a_manifest_are_no_batch(tmp_path: Path) -> None:
    archive, (manifest,) = archive_of(tmp_path, HITS)
    (archive.directory(DAY) / f"{manifest.stem}.json").unlink()
    assert archive.manifests(DAY) == ([], [])


def test_what_was_written_is_listed(tmp_path: Path) -> None:
    archive, manifests = archive_of(tmp_path, [*HITS, pageview("12:00")])
    assert archive.days() == [DAY]
    assert archive.manifests(DAY) == (manifests, [])
    assert list(figures_of(manifests, node=1)) == [WINDOW, Window.of(at("12:30"))]
    assert figures_of(manifests, node=2) == {}


def test_an_archive_that_is_not_there_yet_is_empty(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive", 1)
    assert archive.days() == []
    assert archive.manifests(DAY) == ([], [])


@pytest.mark.parametrize("harm", [flip_bit, lambda path: path.write_bytes(path.read_bytes()[:-1]), Path.unlink])
def test_a_damaged_file_is_never_read(tmp_path: Path, harm: object) -> None:
    archive, (manifest,) = archive_of(tmp_path, HITS)
    harm(archive.directory(DAY) / f"{manifest.stem}.visits.parquet")  # type: ignore[operator]  # each takes a path
    with pytest.raises(ArchiveDamagedError, match=r"1030-1\.visits\.parquet"):
        archive.read(manifest, "visits")


@pytest.mark.parametrize("position", range(0, 2000, 97))
def test_a_damaged_manifest_is_set_aside_and_said(tmp_path: Path, position: int) -> None:
    archive, (manifest,) = archive_of(tmp_path, HITS)
    path = archive.directory(DAY) / f"{manifest.stem}.json"
    flip_bit(path, position % path.stat().st_size)
    found, (problem,) = archive.manifests(DAY)
    assert found == []
    assert "1030-1.json" in str(problem)
    assert archive.manifests(DAY) == ([], [])
    assert archive.days() == [DAY]
    aside = tmp_path / "quarantine" / "2026-03-10"
    assert len(list(aside.iterdir())) == 1 + len(manifest.tables)


def test_a_day_can_be_written_at_once(tmp_path: Path) -> None:
    archive = Archive(tmp_path, 1)
    (tables,) = windows_of(HITS).values()
    manifest = archive.write_day(DAY, tables)
    assert archive.is_compacted(DAY)
    assert list(manifest.by_window) == [Window.of(at("23:59"))]
    assert archive.read(manifest, "visits").num_rows == total(count(HITS), "visits", "visits")
