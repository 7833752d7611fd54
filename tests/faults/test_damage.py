"""Files damaged in every way that disks know: what survives is exact, every loss is said, nothing falls over."""

from __future__ import annotations

import os
import random
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from aggregator.archive import Archive
from aggregator.compaction import compact_day
from aggregator.dead_segments import recover_dead
from aggregator.run import Aggregator
from aggregator.spool_reader import SpoolReader
from schema.batch import DAY_MS, utc_day
from schema.errors import ArchiveDamagedError
from schema.hit import Hit
from schema.settings import Settings
from schema.spool_format import SEAL_BYTES, SEALED, encode_frame
from schema.store import Store
from support.batches import archive_of
from support.counts import oracle_counts
from support.embedded import clean_store, shared_store
from support.harm import HARMS
from support.hits import at, pageview
from support.segments import Segment, sealed_segment
from support.visible import visible_counts

IS_NIGHTLY = os.environ.get("FOOTFALL_TEST_FAULTS") == "nightly"
SEGMENTS = 8000 if IS_NIGHTLY else 800
ARCHIVE_FILES = 2000 if IS_NIGHTLY else 200
DAYS = 100 if IS_NIGHTLY else 6
pytestmark = pytest.mark.timeout(7200 if IS_NIGHTLY else 600)
DAY = utc_day(at("00:00"))
FAR = at("12:00") + 10 * DAY_MS
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
HITS = [
    pageview(f"{9 + number // 6:02}:{number % 6 * 10:02}", number, "/" + "x" * (number * 7 % 300))
    for number in range(48)
]


@pytest.fixture
def memory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=MEMORY) as directory:
        yield Path(directory)


@dataclass
class Spool:
    """Sealed segments with several frames of several hits, and one whose worker died."""

    root: Path
    paths: list[Path] = field(default_factory=list)
    hits_of: dict[str, list[list[Hit]]] = field(default_factory=dict)  # by name without suffix: hits of each frame

    def __post_init__(self) -> None:
        for number in range(3):
            segment = Segment(self.root, DAY, 1 + number)
            frames = [HITS[start : start + 2] for start in range(number * 16, number * 16 + 16, 2)]
            for hits in frames:
                segment.write(*hits)
            self.hits_of[segment.name] = frames
            if number < 2:
                self.paths.append(segment.seal())
            else:
                segment.die()
                self.paths.append(segment.path)


@dataclass
class Found:
    """What recovery and reader make of a spool."""

    visitors: list[int]
    problems: list[str]
    torn_bytes: int


def look(spool: Path) -> Found:
    recovery, reader = recover_dead(spool, DAY, FAR), SpoolReader(spool)
    readings = list(reader.read(DAY))
    assert reader.unfinished(DAY) == set()
    records = [record for reading in readings for record in reading.records]
    assert [record for record in records if record not in HITS] == []
    problems = [*recovery.problems, *(problem for reading in readings for problem in reading.problems)]
    visitors = [record.visitor for record in records if isinstance(record, Hit)]
    return Found(visitors, [str(problem) for problem in problems], recovery.torn_bytes)


def figures_of(problem: str) -> tuple[int, int]:
    """Bytes that cannot be read, and frames that are missing at least, as a report says."""
    found = re.search(r"(\d+) bytes cannot be read, at least (\d+) frames", problem)
    return (int(found[1]), int(found[2])) if found else (0, 0)


@pytest.mark.parametrize("harm", HARMS)
def test_of_a_damaged_segment_every_surviving_frame_counts_and_every_loss_is_said(memory: Path, harm: str) -> None:
    chance, lost_frames = random.Random(harm), 0
    template = Spool(memory / "template")
    for number in range(SEGMENTS // len(HARMS)):
        spool = memory / str(number)
        shutil.copytree(template.root, spool)
        path = spool / chance.choice(template.paths).relative_to(template.root)
        content = path.read_bytes()
        path.write_bytes(HARMS[harm](content, chance))
        was_harmed = path.read_bytes() != content
        found = look(spool)
        assert len(found.visitors) == len(set(found.visitors)), (harm, number)
        for name, frames in template.hits_of.items():
            read = [[hit.visitor in found.visitors for hit in hits] for hits in frames]
            assert all(all(hits) or not any(hits) for hits in read)
            lost = sum(not any(hits) for hits in read)
            assert not lost or (name == path.stem and was_harmed)
            lost_frames += lost
            if lost:
                assert_said(found, path, lost)
        if was_harmed and path.suffix == ".sealed":
            assert any(path.stem in problem for problem in found.problems)
        if not was_harmed:
            assert found.problems == []
        shutil.rmtree(spool)
    assert lost_frames > SEGMENTS // len(HARMS) // 8


def assert_said(found: Found, path: Path, lost: int) -> None:
    """The loss of so many frames was reported for this file, or cut as what a dying worker had not finished."""
    said = [problem for problem in found.problems if path.stem in problem]
    assert said or (path.suffix == ".open" and found.torn_bytes), path
    assert all("was set aside whole" in problem or figures_of(problem)[1] <= lost for problem in said)


@pytest.mark.parametrize("bytes_kept", [1, 19, 20, 60])
def test_of_a_torn_tail_nothing_is_kept(memory: Path, bytes_kept: int) -> None:
    spool = Spool(memory / "spool")
    path = spool.paths[2]
    frames = path.read_bytes()
    with path.open("ab") as file:
        file.write(encode_frame(bytes(16), 8, b"x" * 100)[:bytes_kept])
    found = look(spool.root)
    assert (found.torn_bytes, found.problems, len(found.visitors)) == (bytes_kept, [], len(HITS))
    content = path.with_suffix(SEALED).read_bytes()
    assert content[: len(frames)] == frames
    assert len(content) == len(frames) + SEAL_BYTES


def test_segments_that_changed_places_count_where_they_belong_or_not_at_all(memory: Path) -> None:
    spool = Spool(memory / "spool")
    first, second, _ = spool.paths
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)
    found = look(spool.root)
    assert found.visitors == [hit.visitor for hits in spool.hits_of[spool.paths[2].stem] for hit in hits]
    assert len(found.problems) == 2


def test_a_segment_over_another_counts_once_and_what_was_there_is_said(memory: Path) -> None:
    spool = Spool(memory / "spool")
    first, second, _ = spool.paths
    shutil.copy(first, second)
    found = look(spool.root)
    assert len(found.visitors) == len(set(found.visitors)) == 32
    assert [second.name in problem for problem in found.problems] == [True]


def damage_one(archive: Archive, harm: str, chance: random.Random) -> Path | None:
    """Harm one file of the day; return it, or None if the harm changed nothing."""
    path = chance.choice([path for path in sorted(archive.directory(DAY).iterdir()) if path.is_file()])
    content = path.read_bytes()
    path.write_bytes(HARMS[harm](content, chance))
    return path if path.read_bytes() != content else None


@pytest.mark.parametrize("harm", HARMS)
def test_a_damaged_archive_file_is_never_read_and_always_said(memory: Path, harm: str) -> None:
    chance, harmed = random.Random(harm), 0
    template, manifests = archive_of(memory / "template", HITS[:6])
    whole = {(m.stem, name): template.read(m, name) for m in manifests for name in m.tables}
    for number in range(ARCHIVE_FILES // len(HARMS)):
        archive = Archive(memory / str(number), 1)
        shutil.copytree(template.root, archive.root)
        path = damage_one(archive, harm, chance)
        harmed += path is not None
        found, problems = archive.manifests(DAY)
        said = [str(problem) for problem in problems]
        for manifest in found:
            for name in manifest.tables:
                try:
                    assert archive.read(manifest, name).equals(whole[manifest.stem, name])
                except ArchiveDamagedError as error:
                    said.append(str(error))
        if path and not (path.suffix == ".json" and not said):  # a manifest may have got another space between words
            assert [path.name in message for message in said] == [True]
        assert path or not said
        shutil.rmtree(archive.root)
    assert harmed > ARCHIVE_FILES // len(HARMS) // 2


def test_a_manifest_over_another_is_said_and_counts_once(memory: Path) -> None:
    archive, manifests = archive_of(memory / "archive", HITS[:6])
    first, second = (archive.directory(DAY) / f"{manifest.stem}.json" for manifest in manifests[:2])
    shutil.copy(first, second)
    found, problems = archive.manifests(DAY)
    assert [manifest.stem for manifest in found].count(manifests[0].stem) == 1
    assert [second.name in str(problem) for problem in problems] == [True]


class Rig:
    """A spool of one day, its archive and store."""

    def __init__(self, directory: Path, store: Store) -> None:
        self.settings = Settings(data_dir=directory)
        self.store = store
        self.archive = Archive(self.settings.archive_dir, 1)
        clean_store(store)
        self.seal()
        self.start()

    def seal(self) -> None:
        for number in range(3):
            sealed_segment(self.settings.spool_dir, DAY, *HITS[number::3], created_at=number)

    def start(self) -> None:
        self.now_ms = at("16:00:02")
        self.aggregator = Aggregator(self.settings, self.store, lambda: self.now_ms, lambda: self.now_ms / 1000)

    def step(self, now_ms: int) -> None:
        self.now_ms = now_ms
        self.aggregator.step(now_ms)

    def close_day(self) -> None:
        for second in range(2, 6):
            self.step(at("00:00") + DAY_MS + second * 1000)


@pytest.mark.parametrize("harm", HARMS)
def test_a_batch_damaged_while_the_day_is_open_is_set_aside_said_and_made_anew(memory: Path, harm: str) -> None:
    chance = random.Random(harm)
    with shared_store(clean=False) as store:
        for number in range(max(1, DAYS // len(HARMS))):
            rig = Rig(memory / str(number), store)
            rig.step(at("16:00:02"))
            path = damage_one(rig.archive, harm, chance)
            if chance.random() < 0.5:
                clean_store(store)
                rig.start()
            rig.close_day()
            assert visible_counts(store) == oracle_counts(HITS)
            problems = rig.aggregator.status()["problems"]
            assert problems in ({}, {"ArchiveDamagedError": 1})
            assert problems or path is None or path.suffix == ".json", "only a manifest's spaces may change unnoticed"
            assert not (rig.settings.spool_dir / DAY.isoformat()).exists()
            clean_store(store)
            rig.start()
            rig.close_day()
            assert visible_counts(store) == oracle_counts(HITS), "the archive alone has everything"


@pytest.mark.parametrize("harm", HARMS)
def test_a_closed_day_that_is_damaged_is_found_and_never_counts_wrongly(memory: Path, harm: str) -> None:
    chance = random.Random(harm)
    with shared_store(clean=False) as store:
        for number in range(max(1, DAYS // len(HARMS))):
            rig = Rig(memory / str(number), store)
            rig.close_day()
            path = damage_one(rig.archive, harm, chance)
            clean_store(store)
            rig.start()
            rig.close_day()
            counts, whole = visible_counts(store), oracle_counts(HITS)
            assert {name: rows for name, rows in counts.items() if rows != whole[name]} == {}
            said = list(rig.aggregator.alarms.latest)
            if path:
                assert any(path.name in message for message in said)
                assert (rig.archive.root / "quarantine" / DAY.isoformat() / path.name).exists()


def test_a_damaged_part_is_never_compacted(memory: Path) -> None:
    archive, manifests = archive_of(memory / "archive", HITS[:6])
    shutil.copy(*(archive.directory(DAY) / f"{manifest.stem}.visits.parquet" for manifest in manifests[:2]))
    with pytest.raises(ArchiveDamagedError, match="checksum"):
        compact_day(archive, DAY)
