from datetime import date
from pathlib import Path

import pytest

from aggregator.removal import DroppedMonths, ForgottenSite, forgotten_records, read_removals, write_removals
from schema.errors import ArchiveDamagedError
from support.batches import flip_bit
from support.hits import at

BOTH = (ForgottenSite("a.example", at("12:00"), is_done=True), DroppedMonths(date(2025, 3, 1)))


def test_the_record_survives_the_round_trip(tmp_path: Path) -> None:
    assert read_removals(tmp_path) == ()
    write_removals(tmp_path / "archive", BOTH)
    assert read_removals(tmp_path / "archive") == BOTH


@pytest.mark.parametrize("position", [3, 60, -5])
def test_a_damaged_record_is_not_believed(tmp_path: Path, position: int) -> None:
    write_removals(tmp_path, BOTH)
    flip_bit(tmp_path / "removals.json", position)
    with pytest.raises(ArchiveDamagedError):
        read_removals(tmp_path)


def test_only_what_was_received_of_the_site_before_is_forgotten() -> None:
    is_forgotten = forgotten_records(BOTH)
    assert is_forgotten
    assert is_forgotten("a.example", at("11:59"))
    assert not is_forgotten("a.example", at("12:00"))
    assert not is_forgotten("b.example", at("11:59"))


def test_without_forgotten_sites_nothing_is_asked() -> None:
    assert forgotten_records(BOTH[1:]) is None
