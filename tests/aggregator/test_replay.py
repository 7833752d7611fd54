"""A day computed anew is what archive and store have, byte for byte; whatever differs is said, and nothing changed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator import parquet_bytes
from aggregator.archive import Archive
from aggregator.replay import Replay, Replayed
from aggregator.run import Aggregator
from aggregator.stored_day import StoredDay, read_stored_day
from schema.batch import DAY_MS, utc_day
from schema.hit import RejectedHit, Rejection
from schema.settings import AggregatorSettings, Settings
from schema.store import Store
from support.batches import flip_bit
from support.counts import local_time
from support.embedded import shared_store
from support.hits import at, engagement, event, pageview
from support.random_records import START
from support.segments import Segment, sealed_segment

DAY = utc_day(START)
RECORDS = (
    pageview("10:00", event_id=5),
    pageview("10:01", event_id=5),
    event("10:02", "buy", props=(("plan", "x"),)),
    engagement("10:03", 900),
    engagement("10:04", 900, visitor=9),
    RejectedHit("example.com", at("10:05"), Rejection.BOT),
    pageview("14:00", visitor=2),
)


class Rig:
    """A day that an aggregator has counted up to some instant, and the replay of it."""

    def __init__(self, directory: Path, store: Store) -> None:
        self.settings = Settings(data_dir=directory / "data", aggregator=AggregatorSettings(live_seconds=1))
        self.store = store
        self.workspaces = directory
        self.now_ms = START
        self.aggregator = Aggregator(self.settings, store, lambda: START, lambda: self.now_ms / 1000)
        self.segments = [self.seal(record) for record in RECORDS]

    def seal(self, *records: object) -> Path:
        return sealed_segment(self.settings.spool_dir, DAY, *records, created_at=self.now_ms)  # type: ignore[arg-type]

    def count_to(self, clock: str) -> None:
        self.now_ms = at(clock)
        self.aggregator.step(self.now_ms)

    @property
    def archived(self) -> Path:
        return self.settings.archive_dir / DAY.isoformat()

    def stored(self) -> StoredDay:
        return read_stored_day(self.store, self.settings.node, DAY)

    def check(self, stored: StoredDay | None = None) -> Replayed:
        workspace = self.workspaces / f"replay-{len(list(self.workspaces.iterdir()))}"
        workspace.mkdir()
        before = self.content()
        archive = Archive(self.settings.archive_dir, self.settings.node)
        replayed = Replay(self.settings.spool_dir, archive, local_time(), workspace).check(
            DAY, self.stored() if stored is None else stored
        )
        assert self.content() == before, "a check changes nothing"
        return replayed

    def content(self) -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in self.settings.data_dir.rglob("*") if path.is_file()}


def test_files_that_another_version_packed_otherwise_are_the_same_counts(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = parquet_bytes._options
    monkeypatch.setattr(parquet_bytes, "_options", lambda *given: ours(*given) | {"compression": "snappy"})
    replayed = rig.check()
    assert replayed.differences == []
    assert any(text.endswith("files have the same rows in the bytes of another version") for text in replayed.left_out)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with shared_store() as store:
        rig = Rig(tmp_path, store)
        rig.count_to("16:00:03")
        yield rig


def test_a_day_computed_anew_is_the_same(rig: Rig) -> None:
    replayed = rig.check()
    assert (replayed.records, replayed.batches, replayed.differences) == (len(RECORDS), 4, [])
    assert replayed.left_out == ["windows from 16:00 UTC on are not known to be cut yet"]


def test_what_a_worker_writes_now_is_in_no_window_that_is_cut(rig: Rig) -> None:
    segment = Segment(rig.settings.spool_dir, DAY, rig.now_ms)
    segment.write(pageview("16:01", visitor=3))
    replayed = rig.check()
    assert (replayed.records, replayed.differences) == (len(RECORDS) + 1, [])
    segment.die()


def test_a_compacted_day_whose_segments_are_still_there_is_the_same(rig: Rig) -> None:
    kept = {path: path.read_bytes() for path in rig.segments}
    rig.now_ms = START + DAY_MS + 3000
    rig.aggregator.step(rig.now_ms)
    assert not rig.segments[0].exists()
    rig.segments[0].parent.mkdir()
    for path, content in kept.items():
        path.write_bytes(content)
    replayed = rig.check()
    assert (replayed.batches, replayed.left_out, replayed.differences) == (1, [], [])
    flip_bit(rig.archived / "day.1.visits.parquet")
    assert rig.check().differences == [f"archive/{DAY}/day.1.visits.parquet does not match its checksum"]


def test_a_flipped_byte_in_the_archive_is_reported(rig: Rig) -> None:
    flip_bit(rig.archived / "1030-1.visits.parquet")
    assert rig.check().differences == [f"archive/{DAY}/1030-1.visits.parquet does not match its checksum"]


def test_a_flipped_byte_in_a_manifest_is_reported(rig: Rig) -> None:
    flip_bit(rig.archived / "1430-1.json", 100)
    found = rig.check().differences
    assert len(found) == 2
    assert found[0].endswith(f"archive/{DAY}/1430-1.json")
    assert found[1] == f"batch {DAY} 14:30 is not in the archive, or its manifest cannot be read"


def test_a_missing_file_is_reported(rig: Rig) -> None:
    (rig.archived / "1000-1.rejections.parquet").unlink()
    assert rig.check().differences == [f"archive/{DAY}/1000-1.rejections.parquet is missing"]


@pytest.mark.parametrize("stem", ["1030-1", "1430-1"])
def test_a_missing_batch_is_reported_the_last_one_too(rig: Rig, stem: str) -> None:
    for path in rig.archived.glob(f"{stem}.*"):
        path.unlink()
    clock = f"{stem[:2]}:{stem[2:4]}"
    assert rig.check().differences == [f"batch {DAY} {clock} is not in the archive, or its manifest cannot be read"]


@pytest.mark.parametrize("table", ["visits", "pageviews", "batches", "rejections", "events"])
def test_a_changed_count_in_the_store_is_reported(rig: Rig, table: str) -> None:
    rig.store.execute(f"INSERT INTO {table} SELECT * FROM {table}")
    found = rig.check().differences
    assert found
    assert all(sentence.endswith(f"in {table} than the spool gives") for sentence in found)


def test_a_batch_that_the_store_lacks_is_reported(rig: Rig) -> None:
    rig.store.execute("TRUNCATE TABLE events")
    (found,) = rig.check().differences
    assert found.startswith("the store has nothing of batch")


def test_what_the_store_cannot_have_yet_is_left_out(rig: Rig) -> None:
    replayed = rig.check(StoredDay(0, {}))
    assert replayed.differences == []
    assert replayed.left_out[-1] == "4 batches are not in the store and may not be loaded yet"


@pytest.mark.parametrize("number", range(len(RECORDS)))
def test_a_removed_segment_is_reported(rig: Rig, number: int) -> None:
    rig.segments[number].unlink()
    assert rig.check().differences


def test_a_batch_that_the_spool_does_not_give_is_reported(rig: Rig) -> None:
    rig.segments[-1].unlink()
    found = rig.check().differences
    assert found[0] == f"the archive has batch {DAY} 14:30, which the spool does not give"
    assert "which the spool does not give" in found[1]


def test_a_segment_that_cannot_be_read_is_left_out_and_said_so(rig: Rig) -> None:
    flip_bit(rig.segments[0], 5)
    replayed = rig.check()
    assert replayed.left_out[0].startswith(f"segment {rig.segments[0].name} cannot be read")
    assert replayed.differences
