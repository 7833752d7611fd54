from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from aggregator.removal import (
    COPY_NAME,
    NAME,
    DroppedMonths,
    ForgottenSite,
    forgotten_records,
    mend_removals,
    read_removals,
    write_removals,
)
from schema.errors import ArchiveDamagedError
from support.batches import flip_bit
from support.hits import at
from support.interrupted import every_interruption, pulled_plug
from support.two_sites import files

FILES = (NAME, COPY_NAME)
BOTH = (ForgottenSite("a.example", at("12:00"), is_done=True), DroppedMonths(date(2025, 3, 1)))


def test_the_record_survives_the_round_trip(tmp_path: Path) -> None:
    assert read_removals(tmp_path) == ()
    write_removals(tmp_path / "archive", BOTH)
    assert read_removals(tmp_path / "archive") == BOTH


@pytest.mark.parametrize("position", [3, 60, -5])
def test_a_damaged_record_is_not_believed(tmp_path: Path, position: int) -> None:
    write_removals(tmp_path, BOTH)
    for name in FILES:
        flip_bit(tmp_path / name, position)
    with pytest.raises(ArchiveDamagedError):
        read_removals(tmp_path)
    with pytest.raises(ArchiveDamagedError):
        mend_removals(tmp_path)


@pytest.mark.parametrize("harm", [flip_bit, Path.unlink, lambda path: path.write_bytes(b"")])
@pytest.mark.parametrize("name", FILES)
def test_one_damaged_or_missing_of_record_and_copy_is_made_anew(
    tmp_path: Path, name: str, harm: Callable[[Path], None]
) -> None:
    write_removals(tmp_path, BOTH)
    whole = files(tmp_path)
    harm(tmp_path / name)
    assert read_removals(tmp_path) == BOTH
    problems = mend_removals(tmp_path)
    assert [name in str(problem) for problem in problems] == ([True] if name == FILES[0] else [])
    assert files(tmp_path) == whole
    assert mend_removals(tmp_path) == []


def test_an_interrupted_change_is_made_or_not_made(tmp_path: Path) -> None:
    for number in every_interruption():
        root = tmp_path / str(number)
        write_removals(root, BOTH[1:])
        with pulled_plug(number) as happened:
            write_removals(root, BOTH)
        assert read_removals(root) in (BOTH, BOTH[1:])
        if not happened:
            break


def test_where_nothing_was_removed_nothing_is_written(tmp_path: Path) -> None:
    assert mend_removals(tmp_path) == []
    assert files(tmp_path) == {}


def test_only_what_was_received_of_the_site_before_is_forgotten() -> None:
    is_forgotten = forgotten_records(BOTH)
    assert is_forgotten
    assert is_forgotten("a.example", at("11:59"))
    assert not is_forgotten("a.example", at("12:00"))
    assert not is_forgotten("b.example", at("11:59"))


def test_without_forgotten_sites_nothing_is_asked() -> None:
    assert forgotten_records(BOTH[1:]) is None
