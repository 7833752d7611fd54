from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from aggregator.archive import Archive, encode_parquet
from aggregator.inventory import figures_in
from aggregator.loader import Loader
from aggregator.manifest import SUFFIX, describe_file, encode_manifest
from aggregator.verify import VerifyReport, verify_archive, verify_store
from schema.store import Store
from support.batches import flip_bit
from support.embedded import shared_store
from support.two_sites import WINTER, far_west, files, two_sites


@pytest.fixture
def store() -> Iterator[Store]:
    with shared_store() as store:
        yield store


def verify(archive: Archive, store: Store, *, deep: bool = False) -> VerifyReport:
    report = verify_archive(archive, deep=deep)
    verify_store(archive, store, report)
    return report


@pytest.mark.parametrize("deep", [False, True])
def test_what_was_loaded_does_not_differ(tmp_path: Path, store: Store, deep: bool) -> None:
    archive = two_sites(tmp_path / "some")
    Loader(archive, store).reconcile()
    before = files(tmp_path)
    report = verify(archive, store, deep=deep)
    assert report.differences == []
    assert (report.days, report.stored_rows > 0, report.batches > 0) == (3, True, True)
    assert report.files == len(before)
    assert files(tmp_path) == before


def test_batches_of_two_months_do_not_differ(tmp_path: Path, store: Store) -> None:
    archive = far_west(tmp_path)
    Loader(archive, store).reconcile()
    assert verify(archive, store).differences == []


def test_every_batch_that_the_store_has_not_is_named(tmp_path: Path, store: Store) -> None:
    archive = two_sites(tmp_path)
    found = [(difference.day.isoformat(), difference.table) for difference in verify(archive, store).differences]
    assert (WINTER, "pageviews") in found
    assert len({day for day, _ in found}) == 3
    batches = [figures_in(archive.manifests(day)[0]) for day in archive.days()]
    assert len(found) == sum(map(len, batches))  # each once, not each of its figures


@pytest.mark.parametrize("table", ["pageviews", "batches"])
def test_rows_that_the_archive_has_not_are_named(tmp_path: Path, store: Store, table: str) -> None:
    archive = two_sites(tmp_path)
    Loader(archive, store).reconcile()
    rows = archive.read(archive.manifests(archive.days()[0])[0][0], table)
    store.insert(table, rows.slice(0, 1), "q")
    found = verify(archive, store).differences
    assert {(difference.day.isoformat(), difference.table) for difference in found} == {(WINTER, table)}
    assert any("rows in the store" in difference.found for difference in found)


def test_a_month_that_only_the_store_has_is_named(tmp_path: Path, store: Store) -> None:
    Loader(two_sites(tmp_path / "more"), store).reconcile()
    found = verify(Archive(tmp_path / "none", 1), store).differences
    assert len({difference.day for difference in found}) == 3


@pytest.mark.parametrize("harm", ["bit", "gone"])
def test_a_file_that_is_not_as_it_was_written_is_named(tmp_path: Path, harm: str) -> None:
    archive = two_sites(tmp_path)
    path = tmp_path / WINTER / "day.1.visits.parquet"
    flip_bit(path) if harm == "bit" else path.unlink()
    (difference,) = verify_archive(archive).differences
    assert (difference.day.isoformat(), difference.table, difference.batch) == (WINTER, "visits", "day.1")
    assert path.exists() is (harm == "bit")


def test_a_manifest_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    archive = two_sites(tmp_path)
    flip_bit(tmp_path / WINTER / "day.1.json", 40)
    (difference,) = verify_archive(archive).differences
    assert difference.batch == "manifest"


def test_rows_that_do_not_add_up_to_the_manifest_are_found_by_looking_deep(tmp_path: Path) -> None:
    archive = two_sites(tmp_path)
    manifest = archive.manifests(archive.days()[0])[0][0]
    path = tmp_path / WINTER / "day.1.visits.parquet"
    content = encode_parquet(pq.read_table(path).slice(1))
    path.write_bytes(content)
    manifest.tables["visits"] = describe_file(content, manifest.tables["visits"].chunks)
    (tmp_path / WINTER / f"day.1{SUFFIX}").write_bytes(encode_manifest(manifest))
    assert verify_archive(archive).differences == []
    (difference,) = verify_archive(archive, deep=True).differences
    assert difference.table == "visits"
