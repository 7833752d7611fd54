"""Metric files: what one worker writes, another goes on with, and all of them add up."""

import os
import stat
from pathlib import Path

import pytest

from collector.memory_directory import find_memory_directory
from collector.metric_files import (
    COUNTER,
    SUM_OF_THE_LIVING,
    MetricFile,
    end_metrics,
    forget_living,
    key_of,
    metrics_directory,
    read_metrics,
    start_metrics,
)
from schema.errors import DayKeyError

EGGS = key_of("eggs", "Eggs laid.", {}, "_total")
HENS = key_of("hens", "Hens awake.", {})


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    start_metrics(tmp_path / "metrics")
    return tmp_path / "metrics"


def count_eggs(directory: Path, number: int, eggs: int) -> None:
    with MetricFile(directory, COUNTER, number, [EGGS]) as file:
        file.add(EGGS, eggs)


def values(directory: Path) -> dict[str, float]:
    return {sample.name: sample.value for metric in read_metrics(directory) for sample in metric.samples}


def test_the_numbers_of_all_workers_add_up(directory: Path) -> None:
    for number in (1, 2):
        count_eggs(directory, number, number * 10)
    assert values(directory) == {"eggs_total": 30}


def test_a_number_can_be_read_while_its_file_is_open(directory: Path) -> None:
    with MetricFile(directory, COUNTER, 1, [EGGS]) as file:
        file.add(EGGS, 1)
        assert values(directory) == {"eggs_total": 1}
        file.add(EGGS, 1)
        assert values(directory) == {"eggs_total": 2}


def test_a_worker_that_starts_again_goes_on_where_the_one_before_ended(directory: Path) -> None:
    for _ in range(3):
        count_eggs(directory, 1, 2)
    assert values(directory) == {"eggs_total": 6}
    assert [path.name for path in directory.iterdir()] == ["counter_1.db"]


def test_what_holds_while_a_worker_lives_is_dropped_and_what_it_counted_stays(directory: Path) -> None:
    for number in (1, 2):
        count_eggs(directory, number, 1)
        with MetricFile(directory, SUM_OF_THE_LIVING, number, [HENS]) as file:
            file.set(HENS, 4)
    forget_living(directory, 1)
    assert values(directory) == {"eggs_total": 2, "hens": 4}


def test_a_file_that_a_killed_worker_left_half_made_is_not_seen(directory: Path) -> None:
    (directory / "counter_1.new").touch()
    assert values(directory) == {}
    count_eggs(directory, 1, 1)
    assert values(directory) == {"eggs_total": 1}


def test_a_file_has_all_its_numbers_as_soon_as_it_is_seen(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, float]] = []
    rename = Path.rename

    def look_and_rename(self: Path, target: Path) -> Path:
        seen.append(values(directory))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", look_and_rename)
    count_eggs(directory, 1, 0)
    assert seen == [{}]
    assert values(directory) == {"eggs_total": 0}


def test_the_memory_of_a_file_is_taken_before_anything_is_written_into_it(directory: Path) -> None:
    keys = [key_of("eggs", "Eggs laid.", {"hen": f"hen {number}"}, "_total") for number in range(2000)]
    with MetricFile(directory, COUNTER, 1, keys) as file:
        file.add(keys[-1], 1)
    found = (directory / "counter_1.db").stat()
    assert found.st_blocks * 512 >= found.st_size >= 2000 * 40
    assert sum(sample.value for metric in read_metrics(directory) for sample in metric.samples) == 1


def test_a_start_begins_at_zero(directory: Path) -> None:
    count_eggs(directory, 1, 1)
    start_metrics(directory)
    assert read_metrics(directory) == []
    assert list(directory.iterdir()) == []


def test_nobody_else_may_read_them(directory: Path) -> None:
    count_eggs(directory, 1, 1)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE((directory / "counter_1.db").stat().st_mode) == 0o600


def test_a_directory_of_somebody_else_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "metrics").mkdir(mode=0o755)
    os.chmod(tmp_path / "metrics", 0o755)
    with pytest.raises(DayKeyError):
        start_metrics(tmp_path / "metrics")


def test_without_a_collector_there_are_none(directory: Path) -> None:
    end_metrics(directory)
    assert not directory.exists()
    assert read_metrics(directory) == []


def test_they_are_in_memory_but_not_beside_the_day_key_which_wants_to_be_alone(tmp_path: Path) -> None:
    keys = find_memory_directory(tmp_path)
    assert metrics_directory(tmp_path).parent == keys.parent
    assert not metrics_directory(tmp_path).is_relative_to(keys)
