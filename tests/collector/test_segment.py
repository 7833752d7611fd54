import errno
import fcntl
import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from aggregator.dead_segments import recover_dead
from collector import segment as segment_module
from collector.segment import Segment
from schema.spool_format import HEADER_BYTES, OPEN, SEALED, decode_header, is_sealed, scan_frames
from support.disk_calls import disk_calls

DAY = date(2026, 3, 10)
NOW = 1_773_136_800_123


def only_file(spool: Path) -> Path:
    (path,) = [path for path in spool.rglob("*") if path.is_file()]
    return path


def test_a_new_segment_is_visible_private_and_locked(tmp_path: Path) -> None:
    segment = Segment(tmp_path, 7, DAY, NOW)
    path = only_file(tmp_path)
    header = decode_header(path.read_bytes())
    assert (header.node, header.day, header.created_at) == (7, DAY, NOW)
    assert path == tmp_path / "2026-03-10" / (header.name + OPEN)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    with path.open("rb") as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    segment.seal()


def test_what_is_appended_can_be_read_at_once(tmp_path: Path) -> None:
    segment = Segment(tmp_path, 7, DAY, NOW)
    segment.append([b"one", b"two"])
    segment.append([b"three"])
    content = only_file(tmp_path).read_bytes()
    assert scan_frames(content, decode_header(content).segment_id).payloads == [b"one", b"two", b"three"]
    segment.seal()


def test_it_tells_how_much_it_wrote(tmp_path: Path) -> None:
    segment = Segment(tmp_path, 7, DAY, NOW)
    assert segment.append([b"one", b"two"]) == only_file(tmp_path).stat().st_size - HEADER_BYTES
    segment.seal()


def test_a_sealed_segment_is_whole_and_nobodys(tmp_path: Path) -> None:
    segment = Segment(tmp_path, 7, DAY, NOW)
    segment.append([b"one"])
    segment.seal()
    path = only_file(tmp_path)
    assert path.suffix == SEALED
    assert is_sealed(path.read_bytes())
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_segment_without_hits_is_whole_too(tmp_path: Path) -> None:
    Segment(tmp_path, 7, DAY, NOW).seal()
    assert is_sealed(only_file(tmp_path).read_bytes())


def test_two_segments_of_one_moment_are_two_files(tmp_path: Path) -> None:
    for _ in range(2):
        Segment(tmp_path, 7, DAY, NOW).seal()
    assert len(os.listdir(tmp_path / "2026-03-10")) == 2


def test_every_step_of_its_life_is_on_stable_storage_before_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def record(name: str) -> None:
        real = getattr(os, name)

        def call(*arguments: Any) -> Any:
            calls.append(f"{name} {suffix_of(arguments[0])}".strip())
            return real(*arguments)

        monkeypatch.setattr(os, name, call)

    def suffix_of(file: int | Path) -> str:
        path = Path(os.readlink(f"/proc/self/fd/{file}")) if isinstance(file, int) else file
        return path.suffix or "directory"

    (tmp_path / "2026-03-10").mkdir()
    for name in ("write", "fsync", "fdatasync", "rename"):
        record(name)
    segment = Segment(tmp_path, 7, DAY, NOW)
    segment.append([b"one", b"two"])
    segment.seal()
    assert calls == [
        "fsync directory",
        *("write .new", "fsync .new", "rename .new", "fsync directory"),
        *("write .open", "fdatasync .open"),
        *("write .open", "fsync .open", "rename .open", "fsync directory"),
    ]


def test_the_days_directory_is_synced_even_if_another_worker_made_it(tmp_path: Path) -> None:
    (tmp_path / "2026-03-10").mkdir()
    with disk_calls() as calls:
        Segment(tmp_path, 7, DAY, NOW).seal()
    assert calls[0] == ("fsync", tmp_path.name)


@pytest.mark.parametrize("call", ["write", "rename"])
def test_one_that_cannot_be_created_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    descriptors = len(os.listdir("/proc/self/fd"))
    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OSError, match="No space"):
        Segment(tmp_path, 7, DAY, NOW)
    monkeypatch.undo()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert len(os.listdir("/proc/self/fd")) == descriptors


def test_one_that_is_visible_but_not_durable_is_left_to_recovery(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(directory: Path) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(segment_module, "fsync_directory", fail)
    with pytest.raises(OSError, match="Input/output"):
        Segment(tmp_path, 7, DAY, NOW)
    monkeypatch.undo()
    path = only_file(tmp_path)
    assert path.suffix == OPEN
    assert recover_dead(tmp_path, DAY, NOW).sealed == [path.stem]
