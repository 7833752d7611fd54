import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from collector.day_key import KEY_BYTES, DayKey, destroy_file
from schema.batch import DAY_MS
from schema.errors import DayKeyUnavailableError
from support.hits import at

NOON, NEXT_NOON = at("12:00"), at("12:00") + DAY_MS


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def key_of(directory: Path, now: int) -> bytes:
    """The key that a process which starts now gets."""
    return bytes(DayKey(directory).current(now))


def names(directory: Path) -> list[str]:
    return sorted(os.listdir(directory))


def test_a_key_is_32_random_bytes_in_a_private_file(directory: Path) -> None:
    key = key_of(directory, NOON)
    path = directory / "2026-03-10.key"
    assert len(key) == KEY_BYTES
    assert key != bytes(KEY_BYTES)
    assert path.read_bytes() == key
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_nlink == 1
    assert names(directory) == ["2026-03-10.key"]


def test_all_processes_share_the_days_key(directory: Path) -> None:
    assert key_of(directory, at("00:00")) == key_of(directory, NOON) == key_of(directory, at("23:59:59.999"))


def test_two_instances_have_different_keys(tmp_path: Path) -> None:
    assert key_of(tmp_path / "one", NOON) != key_of(tmp_path / "two", NOON)


def test_at_midnight_there_is_a_fresh_key_and_the_old_one_is_gone(directory: Path) -> None:
    day_key = DayKey(directory)
    old = bytes(day_key.current(at("23:59:59.999")))
    held = (directory / "2026-03-10.key").open("rb")
    new = bytes(day_key.current(at("00:00") + DAY_MS))
    assert new != old
    assert names(directory) == ["2026-03-11.key"]
    with held:
        assert held.read() == bytes(KEY_BYTES)  # overwritten, for whoever still has the file open
    assert key_of(directory, NEXT_NOON) == new


def test_in_memory_the_new_key_takes_the_place_of_the_old_one(directory: Path) -> None:
    day_key = DayKey(directory)
    old = day_key.current(NOON)
    kept = bytes(old)
    new = day_key.current(NEXT_NOON)
    assert new is old
    assert bytes(old) != kept


def test_a_key_that_outlived_a_stop_is_destroyed_at_the_next_start(directory: Path) -> None:
    key_of(directory, NOON)
    key_of(directory, NOON + 5 * DAY_MS)
    assert names(directory) == ["2026-03-15.key"]


def test_a_key_is_never_derived_from_another(directory: Path) -> None:
    assert len({key_of(directory, NOON + day * DAY_MS) for day in range(20)}) == 20


def test_the_day_does_not_go_backwards_within_a_process(directory: Path) -> None:
    day_key = DayKey(directory)
    key = bytes(day_key.current(NEXT_NOON))
    assert bytes(day_key.current(NOON)) == key
    assert names(directory) == ["2026-03-11.key"]


def test_the_day_does_not_go_backwards_between_processes(directory: Path) -> None:
    key = key_of(directory, NEXT_NOON)
    assert key_of(directory, NOON) == key
    assert names(directory) == ["2026-03-11.key"]


def test_a_key_of_a_day_years_ahead_is_not_believed(directory: Path) -> None:
    future = key_of(directory, NOON + 3650 * DAY_MS)
    assert key_of(directory, NOON) != future
    assert names(directory) == ["2026-03-10.key"]


def test_a_late_starter_does_not_destroy_the_key_of_the_new_day(directory: Path) -> None:
    """One process is past midnight already; another one, whose clock is a moment behind, starts."""
    key = key_of(directory, at("00:00") + DAY_MS)
    key_of(directory, at("23:59:59.999"))
    assert key_of(directory, NEXT_NOON) == key


def test_what_a_crash_left_behind_is_worthless_with_its_day_and_gone_a_day_later(directory: Path) -> None:
    key_of(directory, NOON)
    left_behind = directory / "2026-03-10.0123456789abcdef.tmp"
    os.link(directory / "2026-03-10.key", left_behind)
    key_of(directory, NEXT_NOON)
    assert left_behind.read_bytes() == bytes(KEY_BYTES)
    key_of(directory, NEXT_NOON + DAY_MS)
    assert names(directory) == ["2026-03-12.key"]


def test_a_directory_that_was_cleaned_away_is_made_again(directory: Path) -> None:
    day_key = DayKey(directory)
    day_key.current(NOON)
    (directory / "2026-03-10.key").unlink()
    directory.rmdir()
    assert bytes(day_key.current(NEXT_NOON)) == key_of(directory, NEXT_NOON)


def test_half_a_key_is_no_key(directory: Path) -> None:
    directory.mkdir(mode=0o700)
    (directory / "2026-03-10.key").write_bytes(b"short")
    with pytest.raises(DayKeyUnavailableError):
        key_of(directory, NOON)


def test_a_directory_that_is_not_ours_is_an_error(directory: Path) -> None:
    directory.mkdir()
    directory.chmod(0o755)
    with pytest.raises(DayKeyUnavailableError):
        key_of(directory, NOON)


def run_together(count: int, act: Callable[[int], None]) -> None:
    barrier = threading.Barrier(count)

    def run(number: int) -> None:
        barrier.wait()
        act(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_of_those_who_start_at_once_one_makes_the_key_and_all_use_it(directory: Path) -> None:
    for day in range(30):
        found: list[bytes] = []
        run_together(8, lambda _, day=day, found=found: found.append(key_of(directory, NOON + day * DAY_MS)))  # type: ignore[misc]
        assert len(found) == 8
        assert len(set(found)) == 1
        assert len(names(directory)) == 1


def test_nobody_reads_a_key_while_it_is_destroyed(directory: Path) -> None:
    """Some are past midnight, some are not yet: none of them may ever get zeros for a key."""
    for day in range(30):
        found: list[bytes] = []
        run_together(8, lambda n, day=day, found=found: found.append(key_of(directory, NOON + (day + n % 2) * DAY_MS)))  # type: ignore[misc]
        assert len(found) == 8
        assert bytes(KEY_BYTES) not in found


def test_a_file_is_unlinked_before_its_bytes_are_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(b"secret")
    os.link(path, tmp_path / "second name")
    destroy_file(path)
    destroy_file(path)
    assert names(tmp_path) == ["second name"]
    assert (tmp_path / "second name").read_bytes() == bytes(6)
