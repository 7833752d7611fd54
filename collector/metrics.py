"""What a worker counts for Prometheus: beacons, commits, and what waits. No label says anything of a visitor."""

from __future__ import annotations

import logging
import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from collector.metric_files import COUNTER, HISTOGRAM, SUM_OF_THE_LIVING, MetricFile, key_of
from schema.hit import Hit, Kind, Record, Rejection
from schema.settings import SiteSettings

# Name and help text; a counter's name is shown with _total behind it.
ACCEPTED = ("footfall_beacons_accepted", "Hits that are in the spool to be counted: one for each beacon and site.")
REJECTED = ("footfall_beacons_rejected", "Beacons that were decided not to count, by reason.")
REFUSED = ("footfall_beacons_refused", "Beacons that were not kept and answered 503, to be sent again later.")
STARTS = ("footfall_worker_starts", "Starts of worker processes since the supervisor's start.")
COMMIT_RECORDS = ("footfall_commit_records", "Hits and rejections in one commit to the spool.")
COMMIT_BYTES = ("footfall_commit_bytes", "Bytes written to the spool by one commit.")
COMMIT_SECONDS = ("footfall_commit_seconds", "Seconds from the start of a commit until it is on stable storage.")
WORKERS = ("footfall_workers", "Worker processes that are running.")
QUEUE = ("footfall_spool_queue_records", "Hits and rejections that wait for the next commit, looked at now and then.")
CONNECTIONS = ("footfall_connections", "Connections open to the collector, looked at now and then.")

RECORDS_BUCKETS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000)
BYTES_BUCKETS = (256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304)
SECONDS_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
REASONS = tuple(reason for reason in Rejection if reason not in (Rejection.DUPLICATE, Rejection.NO_VISIT))
_OTHER = ""  # never met while sites and reasons are what they should be: no label is ever made of a record

_Histogram = tuple[str, tuple[float, ...], tuple[str, ...]]  # the key of the sum, the buckets, their keys

log = logging.getLogger("footfall.collector")


class Metrics:
    """The figures of worker `number`, a CommitObserver. Commits and refusals may come from any thread."""

    def __init__(self, directory: Path, number: int, sites: Sequence[SiteSettings]) -> None:
        domains = [*(site.domain for site in sites), _OTHER]
        self._accepted = {
            (domain, kind): key_of(*ACCEPTED, {"site": domain, "kind": kind.name.lower()}, "_total")
            for domain in domains
            for kind in Kind
        }
        self._rejected = {reason: key_of(*REJECTED, {"reason": reason}, "_total") for reason in (*REASONS, _OTHER)}
        self._refused, self._starts = key_of(*REFUSED, {}, "_total"), key_of(*STARTS, {}, "_total")
        self._records = _histogram(COMMIT_RECORDS, RECORDS_BUCKETS)
        self._bytes = _histogram(COMMIT_BYTES, BYTES_BUCKETS)
        self._seconds = _histogram(COMMIT_SECONDS, SECONDS_BUCKETS)
        histograms = (self._records, self._bytes, self._seconds)
        counters = [*self._accepted.values(), *self._rejected.values(), self._refused, self._starts]
        self._workers, self._queue, self._connections = (key_of(*it, {}) for it in (WORKERS, QUEUE, CONNECTIONS))
        self._counters = MetricFile(directory, COUNTER, number, counters)
        self._sums = MetricFile(
            directory, HISTOGRAM, number, [key for sum_, _, le in histograms for key in (sum_, *le)]
        )
        self._gauges = MetricFile(directory, SUM_OF_THE_LIVING, number, (self._workers, self._queue, self._connections))
        self._lock = threading.Lock()
        self._counters.add(self._starts, 1)
        self.sample(queue_records=0, connections=0)

    def committed(self, records: Sequence[Record], written_bytes: int, seconds: float) -> None:
        """Count `records` by what they are, and measure the commit."""
        counts = Counter(map(self._key_of, records))
        with self._lock:
            for key, count in counts.items():
                self._counters.add(key, count)
            self._observe(self._records, len(records))
            self._observe(self._bytes, written_bytes)
            self._observe(self._seconds, seconds)

    def refused(self, records: int) -> None:
        """Count beacons that were not kept."""
        with self._lock:
            self._counters.add(self._refused, records)

    def sample(self, *, queue_records: int, connections: int) -> None:
        """Show how the worker is now. For one thread."""
        self._gauges.set(self._workers, 1)
        self._gauges.set(self._queue, queue_records)
        self._gauges.set(self._connections, connections)

    def close(self) -> None:
        """Let go of the files, which stay. Nothing may be counted any more."""
        for file in (self._counters, self._sums, self._gauges):
            file.close()

    def _key_of(self, record: Record) -> str:
        if isinstance(record, Hit):
            return self._accepted.get((record.site, record.kind)) or self._accepted[_OTHER, record.kind]
        return self._rejected.get(record.reason) or self._rejected[_OTHER]

    def _observe(self, histogram: _Histogram, value: float) -> None:
        sum_, buckets, keys = histogram
        self._sums.add(keys[bisect_left(buckets, value)], 1)
        self._sums.add(sum_, value)


def watch(directory: Path, number: int, sites: Sequence[SiteSettings]) -> Metrics | None:
    """Return the metrics of worker `number`; None where they cannot be: beacons come first."""
    try:
        return Metrics(directory, number, sites)
    except OSError as error:
        log.error("this worker goes on without metrics: their files cannot be made (%s)", error.strerror)
        return None


def _histogram(metric: tuple[str, str], buckets: Sequence[float]) -> _Histogram:
    bounds = (*map(float, buckets), float("inf"))
    labels: list[Mapping[str, str]] = [{"le": "+Inf" if bound == float("inf") else repr(bound)} for bound in bounds]
    return key_of(*metric, {}, "_sum"), bounds, tuple(key_of(*metric, label, "_bucket") for label in labels)
