"""What a worker counts: exactly what was committed, and with labels that no beacon has a say in."""

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collector.metric_files import read_metrics, start_metrics
from collector.metrics import REASONS, Metrics, watch
from schema.hit import Record, RejectedHit, Rejection
from schema.settings import SiteSettings
from support.hits import at, engagement, event, pageview

SITES = (SiteSettings("example.com"), SiteSettings("other.org"))
LABELS = {
    "footfall_beacons_accepted": {"site", "kind"},
    "footfall_beacons_rejected": {"reason"},
    "footfall_beacons_refused": set(),
    "footfall_worker_starts": set(),
    "footfall_commit_records": {"le"},
    "footfall_commit_bytes": {"le"},
    "footfall_commit_seconds": {"le"},
    "footfall_workers": set(),
    "footfall_spool_queue_records": set(),
    "footfall_connections": set(),
}

Values = dict[tuple[str, ...], float]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    start_metrics(tmp_path / "metrics")
    return tmp_path / "metrics"


@pytest.fixture
def start(directory: Path) -> Iterator[Callable[[int], Metrics]]:
    """Makes the metrics of a worker."""
    started = []

    def make(number: int) -> Metrics:
        started.append(Metrics(directory, number, SITES))
        return started[-1]

    yield make
    for metrics in started:
        metrics.close()


@pytest.fixture
def metrics(start: Callable[[int], Metrics]) -> Metrics:
    return start(1)


@pytest.fixture
def values(directory: Path) -> Callable[..., Values]:
    """Reads what is not 0: (name, label values in the order of their names) → value."""

    def read(prefix: str = "footfall_beacons") -> Values:
        samples = [sample for metric in read_metrics(directory) for sample in metric.samples if sample.value]
        return {
            (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
            for sample in samples
            if sample.name.startswith(prefix)
        }

    return read


def rejected(reason: Rejection, site: str = "example.com") -> Record:
    return RejectedHit(site, at("10:00"), reason)


def test_hits_count_by_site_and_kind(metrics: Metrics, values: Callable[..., Values]) -> None:
    hits = [pageview("10:00"), pageview("10:01"), event("10:02", "Signup"), pageview("10:03", site="other.org")]
    metrics.committed(hits, 1000, 0.002)
    metrics.committed([engagement("10:04", 1000)], 100, 0.002)
    assert values() == {
        ("footfall_beacons_accepted_total", "pageview", "example.com"): 2,
        ("footfall_beacons_accepted_total", "event", "example.com"): 1,
        ("footfall_beacons_accepted_total", "engagement", "example.com"): 1,
        ("footfall_beacons_accepted_total", "pageview", "other.org"): 1,
    }


@pytest.mark.parametrize("reason", REASONS)
def test_rejections_count_by_reason(metrics: Metrics, values: Callable[..., Values], reason: Rejection) -> None:
    metrics.committed([rejected(reason), rejected(reason), pageview("10:00")], 100, 0.002)
    assert values("footfall_beacons_rejected") == {("footfall_beacons_rejected_total", reason): 2}


def test_only_the_aggregators_reasons_are_left_out() -> None:
    assert set(Rejection) - set(REASONS) == {Rejection.DUPLICATE, Rejection.NO_VISIT}


def test_what_was_answered_503_counts_as_refused(metrics: Metrics, values: Callable[..., Values]) -> None:
    metrics.refused(3)
    metrics.refused(1)
    assert values() == {("footfall_beacons_refused_total",): 4}


def test_commits_are_measured(metrics: Metrics, values: Callable[..., Values]) -> None:
    for count, size, seconds in ((1, 256, 0.0004), (3, 300, 0.002), (6000, 5_000_000, 9.0)):
        metrics.committed([rejected(Rejection.BOT)] * count, size, seconds)
    found = values("footfall_commit")
    for name, total in (("records", 6004), ("bytes", 5_000_556), ("seconds", 9.0024)):
        assert found[f"footfall_commit_{name}_count",] == 3
        assert found[f"footfall_commit_{name}_sum",] == pytest.approx(total)
        assert found[f"footfall_commit_{name}_bucket", "+Inf"] == 3
    assert ("footfall_commit_seconds_bucket", "0.0005") in found
    assert [found["footfall_commit_records_bucket", le] for le in ("1.0", "2.0", "5.0", "5000.0")] == [1, 1, 2, 2]
    assert [found["footfall_commit_bytes_bucket", le] for le in ("256.0", "1024.0")] == [1, 2]


def test_no_label_is_made_of_what_a_record_says(metrics: Metrics, values: Callable[..., Values]) -> None:
    metrics.committed([pageview("10:00", site="alice@example.com"), rejected(Rejection.DUPLICATE)], 100, 0.002)
    assert values() == {
        ("footfall_beacons_accepted_total", "pageview", ""): 1,
        ("footfall_beacons_rejected_total", ""): 1,
    }


def test_there_are_these_metrics_and_labels_and_no_others(directory: Path, metrics: Metrics) -> None:
    metrics.committed([pageview("10:00", path="/alice", referrer="alice.example", city="Alicetown")], 100, 0.002)
    found = read_metrics(directory)
    labels = {metric.name: {name for sample in metric.samples for name in sample.labels} for metric in found}
    assert labels == LABELS
    assert "alice" not in str(found).lower()


def test_every_series_is_there_from_the_start(directory: Path, metrics: Metrics) -> None:
    before = {(sample.name, *sample.labels.items()) for metric in read_metrics(directory) for sample in metric.samples}
    metrics.committed([pageview("10:00"), *(rejected(reason) for reason in REASONS)], 100, 0.002)
    after = {(sample.name, *sample.labels.items()) for metric in read_metrics(directory) for sample in metric.samples}
    assert after == before


def test_a_sample_shows_how_each_worker_is_now(
    start: Callable[[int], Metrics], metrics: Metrics, values: Callable[..., Values]
) -> None:
    second = start(2)
    metrics.sample(queue_records=5, connections=7)
    metrics.sample(queue_records=3, connections=7)
    second.sample(queue_records=1, connections=2)
    assert values("footfall_spool_queue") == {("footfall_spool_queue_records",): 4}
    assert values("footfall_connections") == {("footfall_connections",): 9}
    assert values("footfall_workers") == {("footfall_workers",): 2}
    assert values("footfall_worker_starts") == {("footfall_worker_starts_total",): 2}


def test_a_worker_that_starts_again_counts_on(
    start: Callable[[int], Metrics], metrics: Metrics, values: Callable[..., Values]
) -> None:
    metrics.committed([pageview("10:00")], 100, 0.002)
    metrics.sample(queue_records=5, connections=7)
    start(1).committed([pageview("10:00")], 100, 0.002)
    assert values("footfall_beacons_accepted") == {("footfall_beacons_accepted_total", "pageview", "example.com"): 2}
    assert values("footfall_commit_records_count") == {("footfall_commit_records_count",): 2}
    assert values("footfall_worker_starts") == {("footfall_worker_starts_total",): 2}
    assert values("footfall_connections") == {}


def test_no_count_is_lost_between_threads(metrics: Metrics, values: Callable[..., Values]) -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        together = threading.Barrier(4)

        def refuse() -> None:
            together.wait()
            for _ in range(20_000):
                metrics.refused(1)

        threads = [threading.Thread(target=refuse) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert values() == {("footfall_beacons_refused_total",): 80_000}


def test_where_there_is_no_room_for_them_the_worker_goes_on_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert watch(tmp_path / "gone", 1, SITES) is None
    assert "goes on without metrics" in caplog.text
