import os
from pathlib import Path

import pytest

from collector.memory_directory import file_system_of, find_memory_directory, make_private_directory
from schema.errors import DayKeyError


def mounts(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "mounts"
    path.write_text("".join(f"{row}\n" for row in rows))
    return path


def test_a_directory_in_memory_is_taken(tmp_path: Path) -> None:
    table = mounts(tmp_path, "/dev/sda / ext4 rw 0 0", f"tmpfs {tmp_path} tmpfs rw 0 0")
    found = find_memory_directory(Path("data"), [Path("/usr"), tmp_path], table)
    assert found.parent == tmp_path


@pytest.mark.parametrize("kind", ["ext4", "xfs", "overlay"])
def test_a_directory_on_a_disk_is_not(tmp_path: Path, kind: str) -> None:
    table = mounts(tmp_path, "tmpfs / tmpfs rw 0 0", f"/dev/sda {tmp_path} {kind} rw 0 0")
    with pytest.raises(DayKeyError) as caught:
        find_memory_directory(Path("data"), [tmp_path], table)
    assert "tmpfs" in caught.value.hint


def test_the_mount_that_is_seen_counts(tmp_path: Path) -> None:
    table = mounts(
        tmp_path,
        "/dev/sda / ext4 rw 0 0",
        "tmpfs /run tmpfs rw 0 0",
        "/dev/sdb /run/disk ext4 rw 0 0",
        "/dev/sdc /srv ext4 rw 0 0",
        "tmpfs /srv tmpfs rw 0 0",  # mounted over the one before
    )
    kinds = {path: file_system_of(Path(path), table) for path in ("/run/x", "/run/disk/x", "/runner", "/srv", "/home")}
    assert kinds == {"/run/x": "tmpfs", "/run/disk/x": "ext4", "/runner": "ext4", "/srv": "tmpfs", "/home": "ext4"}


def test_this_machine_has_one() -> None:
    assert find_memory_directory(Path("data")).parent in (Path("/dev/shm"), Path("/run"))


def test_each_data_directory_has_its_own_however_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "data")
    same = {
        find_memory_directory(Path(path)) for path in ("data", "./data", str(tmp_path / "data"), "link", "x/../data")
    }
    assert len(same) == 1
    assert find_memory_directory(Path("other")) not in same


def test_it_is_made_for_this_user_only_and_found_again(tmp_path: Path) -> None:
    directory = tmp_path / "private"
    make_private_directory(directory)
    make_private_directory(directory)
    assert directory.stat().st_mode & 0o777 == 0o700


def test_what_someone_else_put_there_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o700)
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "link").symlink_to(tmp_path)
    (tmp_path / "file").touch(mode=0o700)
    for name in ("open", "link", "file"):
        with pytest.raises(DayKeyError):
            make_private_directory(tmp_path / name)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory to another user")
def test_another_users_directory_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir(mode=0o700)
    os.chown(tmp_path / "theirs", 12345, 12345)
    with pytest.raises(DayKeyError):
        make_private_directory(tmp_path / "theirs")
