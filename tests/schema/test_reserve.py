import errno
import os
from pathlib import Path

import pytest

from aggregator.spool_reader import SpoolReader
from schema.reserve import RESERVE_BYTES, RESERVE_NAME, Reserve, is_full
from support.disk_calls import disk_calls
from support.small_volume import fill, free_bytes, small_volume

MIB = 1024 * 1024


def test_it_holds_room_that_nobody_else_can_take(tmp_path: Path) -> None:
    with small_volume(tmp_path / "spool", 16) as spool:
        assert Reserve(spool).make()
        fill(spool / "other")
        assert free_bytes(spool) == 0
        Reserve(spool).give_up()
        assert free_bytes(spool) == RESERVE_BYTES


def test_it_is_private_and_made_once(tmp_path: Path) -> None:
    assert Reserve(tmp_path).make()
    (path,) = tmp_path.iterdir()
    made = path.stat()
    assert (path.name, made.st_mode & 0o777, made.st_size) == (RESERVE_NAME, 0o600, RESERVE_BYTES)
    assert Reserve(tmp_path).make()
    assert path.stat().st_mtime_ns == made.st_mtime_ns


def test_one_that_is_short_after_a_power_cut_is_completed(tmp_path: Path) -> None:
    (tmp_path / RESERVE_NAME).write_bytes(bytes(1000))
    assert Reserve(tmp_path).make()
    assert (tmp_path / RESERVE_NAME).stat().st_size == RESERVE_BYTES


def test_the_room_that_it_gave_up_is_not_taken_back_before_there_is_more(tmp_path: Path) -> None:
    with small_volume(tmp_path / "spool", 16) as spool:
        reserve = Reserve(spool)
        assert reserve.make()
        fill(spool / "other")
        reserve.give_up()
        assert not reserve.make()
        assert list(spool.iterdir()) == [spool / "other"]
        os.truncate(spool / "other", 16 * MIB - 2 * RESERVE_BYTES)
        assert reserve.make()


def test_one_that_could_be_made_in_part_only_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def allocate_half(descriptor: int, offset: int, size: int) -> None:
        os.ftruncate(descriptor, size // 2)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", allocate_half)
    assert not Reserve(tmp_path).make()
    assert list(tmp_path.iterdir()) == []


def test_where_it_cannot_be_had_for_another_reason_the_spool_does_without_it(tmp_path: Path) -> None:
    (tmp_path / RESERVE_NAME).symlink_to(tmp_path / "nowhere" / "reserve")
    assert Reserve(tmp_path).make()
    assert not (tmp_path / RESERVE_NAME).exists()


def test_giving_it_up_is_committed_and_never_fails(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path)
    reserve.make()
    with disk_calls() as calls:
        reserve.give_up()
    assert calls == [("fsync", tmp_path.name)]
    reserve.give_up()


def test_who_reads_the_spool_passes_it_over(tmp_path: Path) -> None:
    Reserve(tmp_path).make()
    assert SpoolReader(tmp_path).days() == []


@pytest.mark.parametrize(("number", "expected"), [(errno.ENOSPC, True), (errno.EDQUOT, True), (errno.EIO, False)])
def test_a_full_volume_is_told_from_a_broken_one(number: int, expected: bool) -> None:
    assert is_full(OSError(number, os.strerror(number))) == expected
