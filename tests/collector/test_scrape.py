"""What a scrape reads of a collector that ran, runs, or never did."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from collector.metric_files import COUNTER, MetricFile, end_metrics, key_of, metrics_directory
from collector.scrape import CollectorScrape, start_collector_metrics
from schema.errors import DayKeyError
from schema.settings import Settings

EGGS = key_of("eggs", "Eggs laid.", {}, "_total")


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    settings = Settings(data_dir=tmp_path / "data")
    yield settings
    end_metrics(metrics_directory(settings.data_dir))


def scrape(settings: Settings) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(CollectorScrape(settings))
    lines = generate_latest(registry).decode().splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}


def test_where_no_collector_ever_ran_there_is_only_the_version(settings: Settings) -> None:
    assert [name.partition("{")[0] for name in scrape(settings)] == ["footfall_build_info"]


def test_the_counts_of_the_workers_and_the_start_of_their_supervisor(settings: Settings) -> None:
    directory = metrics_directory(settings.data_dir)
    start_collector_metrics(directory)
    first = scrape(settings)["footfall_start_time_seconds"]
    with MetricFile(directory, COUNTER, 1, [EGGS]) as file:
        file.add(EGGS, 3)
    assert scrape(settings)["eggs_total"] == 3
    start_collector_metrics(directory)
    again = scrape(settings)
    assert "eggs_total" not in again
    assert again["footfall_start_time_seconds"] >= first > 1.7e9


def test_the_spool_is_measured_when_it_is_asked_for(settings: Settings) -> None:
    day = settings.spool_dir / "2026-03-10"
    day.mkdir(parents=True)
    (settings.spool_dir / "reserve").write_bytes(b"x" * 5000)
    (day / "one.open").write_bytes(b"x" * 100)
    assert scrape(settings)["footfall_spool_bytes"] == 100
    (day / "two.open").write_bytes(b"x" * 11)
    found = scrape(settings)
    assert found["footfall_spool_bytes"] == 111
    assert found["footfall_spool_free_bytes"] > 0


def test_a_place_that_is_somebody_elses_stops_the_start(settings: Settings) -> None:
    directory = metrics_directory(settings.data_dir)
    directory.write_text("not a directory")
    try:
        with pytest.raises(DayKeyError):
            start_collector_metrics(directory)
    finally:
        directory.unlink()
