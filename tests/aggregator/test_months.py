import os
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from aggregator.archive import Archive
from aggregator.backup import back_up
from aggregator.closed_day import is_closed
from aggregator.compaction import compact_day
from aggregator.inventory import counted_days
from aggregator.loader import Loader
from aggregator.months import compact_span, spans_to_compact
from aggregator.removal import ForgottenSite
from aggregator.thinning import thin
from aggregator.verify import verify_archive, verify_store
from footfall import client
from schema.errors import ArchiveDamagedError
from schema.store import Store
from support.batches import archive_of, flip_bit
from support.embedded import shared_store
from support.hits import pageview
from support.interrupted import every_interruption, pulled_plug
from support.two_sites import (
    LEAVING,
    STAYING,
    UNTIL_MS,
    archived_rows,
    files,
    records_of,
    stored_rows,
    two_sites,
    without_site,
)

DAYS = ("2026-03-03", "2026-03-04", "2026-03-28", "2026-04-02")
FIRST, LAST = date(2026, 3, 1), date(2026, 3, 31)
STEP = int(os.environ.get("FOOTFALL_TEST_INTERRUPTION_STEP", "3"))  # calls to the disk between two interruptions
THIRD = (date(2026, 3, 1), date(2026, 3, 10))


@pytest.fixture
def store() -> Iterator[Store]:
    with shared_store() as store:
        yield store


def march(root: Path) -> Archive:
    """Three closed days of a month, and an open one of the next."""
    return two_sites(root, days=DAYS)


def test_a_compacted_month_holds_every_row_and_figure_of_its_days(tmp_path: Path) -> None:
    archive = march(tmp_path)
    before = archived_rows(archive)
    parts = [manifest for day in archive.days()[:-1] for manifest in archive.manifests(day)[0]]
    whole = compact_span(archive, FIRST, LAST)
    assert whole
    assert archived_rows(archive) == before
    assert archive.days() == [LAST, date(2026, 4, 2)]
    assert archive.manifests(LAST) == ([whole], [])
    assert whole.by_window == {window: figures for part in parts for window, figures in part.by_window.items()}
    assert counted_days(archive) == {date.fromisoformat(day) for day in DAYS}
    assert not verify_archive(archive, deep=True).differences


def test_it_takes_less_room_than_its_days(tmp_path: Path) -> None:
    archive = march(tmp_path)
    before = sum(map(len, files(tmp_path).values()))
    compact_span(archive, FIRST, LAST)
    assert sum(map(len, files(tmp_path).values())) < before


def test_the_same_days_give_the_same_bytes_again_and_compacting_again_changes_nothing(tmp_path: Path) -> None:
    for name in "ab":
        assert compact_span(march(tmp_path / name), FIRST, LAST)
    assert files(tmp_path / "a") == files(tmp_path / "b")
    assert compact_span(Archive(tmp_path / "a", 1), FIRST, LAST)
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_a_third_of_the_month_is_compacted_first_and_then_goes_into_the_month(tmp_path: Path) -> None:
    archive = march(tmp_path)
    before = archived_rows(archive)
    assert spans_to_compact(archive, date(2026, 3, 30)) == [THIRD]
    assert compact_span(archive, *THIRD)
    assert archived_rows(archive) == before
    assert archive.days()[0] == THIRD[1]
    assert spans_to_compact(archive, date(2026, 4, 3)) == [(FIRST, LAST)]
    assert compact_span(archive, FIRST, LAST)
    assert archived_rows(archive) == before
    assert spans_to_compact(archive, date(2026, 4, 3)) == []


@pytest.mark.parametrize("span", [(FIRST, LAST), THIRD], ids=["month", "third"])
def test_it_can_be_interrupted_anywhere_and_run_again(tmp_path: Path, span: tuple[date, date]) -> None:
    expected = archived_rows(march(tmp_path / "expected"))
    for number in every_interruption():
        shutil.copytree(tmp_path / "expected", tmp_path / str(number))
        archive = Archive(tmp_path / str(number), 1)
        with pulled_plug(number * STEP - STEP + 1) as happened:
            compact_span(archive, *span)
        assert archived_rows(archive) == expected
        listed = [manifest for day in archive.days() for manifest in archive.manifests(day)[0]]
        assert sum(len(manifest.by_window) for manifest in listed) == len({w for m in listed for w in m.by_window})
        if not happened:
            break
        with pulled_plug(0):
            assert compact_span(archive, *span)
        assert archived_rows(archive) == expected
        assert spans_to_compact(archive, span[1]) == []


def test_every_day_of_it_is_closed_also_those_without_hits(tmp_path: Path) -> None:
    compact_span(march(tmp_path), *THIRD)
    assert [is_closed(tmp_path, date(2026, 3, day), 1) for day in (1, 3, 10, 11)] == [True, True, True, False]
    assert not is_closed(tmp_path, date(2026, 3, 3), 2)


def test_a_day_that_is_not_closed_keeps_its_month_from_being_compacted(tmp_path: Path) -> None:
    archive = march(tmp_path)
    archive_of(tmp_path, records_of("2026-03-29"))
    before = files(tmp_path)
    assert compact_span(archive, FIRST, LAST) is None
    assert files(tmp_path) == before


def test_other_nodes_days_stay_as_they_are(tmp_path: Path) -> None:
    archive = march(tmp_path)
    _, others = archive_of(tmp_path, [pageview("10:00", day=DAYS[0])], node=2)
    before = archived_rows(archive)
    compact_span(archive, FIRST, LAST)
    assert archive.manifests(date.fromisoformat(DAYS[0])) == (others, [])
    assert archived_rows(archive) == before


def test_what_was_loaded_in_days_is_known_and_an_empty_store_is_filled(tmp_path: Path, store: Store) -> None:
    archive = march(tmp_path)
    Loader(archive, store).reconcile()
    compact_span(archive, FIRST, LAST)
    assert Loader(archive, store).reconcile().inserted_rows == 0
    for table in archived_rows(archive):
        store.execute(f"TRUNCATE TABLE {table}")
    Loader(archive, store).reconcile()
    assert stored_rows(store) == archived_rows(archive)
    report = verify_archive(archive)
    verify_store(archive, store, report)
    assert (report.days, report.differences) == (len(DAYS), [])


@pytest.mark.parametrize("name", ["month.1.json.zst", "month.1.visits.parquet"])
def test_a_damaged_month_is_set_aside_and_said(tmp_path: Path, name: str, store: Store) -> None:
    archive = march(tmp_path)
    compact_span(archive, FIRST, LAST)
    flip_bit(archive.directory(LAST) / name)
    report = Loader(archive, store).reconcile()
    assert isinstance(report.problems[0], ArchiveDamagedError)
    assert name in str(report.problems[0])
    assert (tmp_path / "quarantine" / "2026-03-31" / name).exists()


def test_a_damaged_day_is_set_aside_and_the_month_is_not_compacted(tmp_path: Path) -> None:
    archive = march(tmp_path)
    flip_bit(archive.directory(date.fromisoformat(DAYS[1])) / "day.1.visits.parquet")
    with pytest.raises(ArchiveDamagedError):
        compact_span(archive, FIRST, LAST)
    assert not archive.is_compacted(LAST)


def test_a_site_is_taken_out_of_a_month_and_the_rest_stays(tmp_path: Path) -> None:
    archive = march(tmp_path)
    expected = without_site(archived_rows(archive))
    compact_span(archive, FIRST, LAST)
    report = thin(archive, [ForgottenSite(LEAVING, UNTIL_MS)])
    assert report.problems == []
    assert archived_rows(archive) == expected
    assert archive.is_compacted(date(2026, 3, 1))


def test_a_backup_follows_and_has_every_row_at_every_moment(tmp_path: Path) -> None:
    archive = march(tmp_path / "archive")
    expected = archived_rows(archive)
    back_up(archive, tmp_path / "backup", UNTIL_MS)
    compact_span(archive, *THIRD)
    back_up(archive, tmp_path / "backup", UNTIL_MS)
    copy = Archive(tmp_path / "backup" / "archive", 1)
    assert files(copy.root) == files(archive.root)
    compact_span(archive, FIRST, LAST)
    for number in every_interruption():
        with pulled_plug(number * STEP - STEP + 1) as happened:
            assert back_up(archive, tmp_path / "backup", UNTIL_MS).problems == []
        assert archived_rows(copy) == expected
        if not happened:
            break
    assert files(copy.root) == files(archive.root)


def test_analysts_read_the_days_that_they_ask_for(tmp_path: Path) -> None:
    archive = march(tmp_path / "archive")
    asked = {"start": date(2026, 3, 4), "end": date(2026, 4, 1)}
    before = client.read("visits", tmp_path, **asked)
    compact_span(archive, FIRST, LAST)
    columns = list(before.columns)
    after = client.read("visits", tmp_path, **asked)
    assert before.sort_values(columns).to_dict("records") == after.sort_values(columns).to_dict("records")
    assert set(after["site"]) == {STAYING, LEAVING}
    assert set(after["day"].astype(str)) == {"2026-03-04", "2026-03-28"}


def test_a_month_with_very_many_rows_stays_in_days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aggregator.months.MAX_SPAN_ROWS", 10)
    archive = march(tmp_path)
    assert compact_span(archive, FIRST, LAST) is None


def test_days_in_windows_are_not_a_reason_to_compact(tmp_path: Path) -> None:
    archive, _ = archive_of(tmp_path, records_of(DAYS[0]))
    assert spans_to_compact(archive, date(2026, 5, 1)) == []
    compact_day(archive, date.fromisoformat(DAYS[0]))
    assert spans_to_compact(archive, date(2026, 5, 1)) == []  # one file per table already
