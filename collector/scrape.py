"""What a scrape reads of this host's collector: the sums over its workers, its spool on disk, what runs since when."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from collector.metric_files import MAXIMUM, MetricFile, key_of, metrics_directory, read_metrics, start_metrics
from schema.errors import DayKeyError
from schema.settings import Settings

BUILD = ("footfall_build", "The version that runs, as a label; the value is always 1.")
START_TIME = ("footfall_start_time_seconds", "When the collector's supervisor started, in seconds since the epoch.")
SPOOL_BYTES = ("footfall_spool_bytes", "Bytes of all segments in the spool.")
FREE_BYTES = ("footfall_spool_free_bytes", "Bytes free on the volume that holds the spool.")


class CollectorScrape(Collector):
    """Everything about the collector that `settings` describe, read when it is asked for."""

    def __init__(self, settings: Settings) -> None:
        self._spool_dir = settings.spool_dir
        try:
            self._directory: Path | None = metrics_directory(settings.data_dir)
        except DayKeyError:  # no memory for them here: then no collector runs here either
            self._directory = None

    def collect(self) -> Iterator[Metric]:
        """Yield each metric."""
        build = GaugeMetricFamily(BUILD[0] + "_info", BUILD[1], labels=("version",))
        build.add_metric([version("footfall")], 1)
        yield build
        if self._directory is not None:
            yield from read_metrics(self._directory)
        with contextlib.suppress(FileNotFoundError):  # no collector has run here yet
            volume = os.statvfs(self._spool_dir)
            yield GaugeMetricFamily(*FREE_BYTES, value=volume.f_bavail * volume.f_frsize)
            yield GaugeMetricFamily(*SPOOL_BYTES, value=_segments_size(self._spool_dir))


def start_collector_metrics(directory: Path) -> None:
    """Begin anew, and note since when. For the supervisor, before it starts workers.

    Raises:
        DayKeyError: another user made what is there, or it cannot be made: then a day key could not be either.
    """
    try:
        start_metrics(directory)
        key = key_of(*START_TIME, {})
        with MetricFile(directory, MAXIMUM, 0, [key]) as file:
            file.set(key, time.time())
    except OSError as error:
        raise DayKeyError(f"{directory} cannot be made ({error.strerror})", hint="make room there") from None


def _segments_size(spool_dir: Path) -> int:
    """Return the bytes of all files below the spool's directories; segments and days may go meanwhile."""
    with os.scandir(spool_dir) as entries:
        return sum(_size_of(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False))


def _size_of(directory: str) -> int:
    total = 0
    with contextlib.suppress(FileNotFoundError), os.scandir(directory) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                total += entry.stat(follow_symlinks=False).st_size
    return total
