"""Metrics as files in memory, in prometheus_client's format: a few per worker, which outlive its restart.

prometheus_client's own metric objects take their directory from the environment at import, and name files by process
id, so that each restart would add some. Here the directory is an argument, and a worker that is started again goes on
with the files of its number. They hold counts, sites of the settings and words of closed sets; nothing of a visitor.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self

from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from collector.memory_directory import find_memory_directory, make_private_directory

COUNTER, HISTOGRAM = "counter", "histogram"
SUM_OF_THE_LIVING, MAXIMUM = "gauge_livesum", "gauge_max"  # how gauges of several workers become one number
_PAGE_BYTES = 4096
_ENTRY_BYTES = 28  # at most, beside the key: its length, padding, a value, a time


class MetricFile:
    """All numbers of one `kind` (COUNTER, …) of worker `number`, by key. For one thread at a time."""

    def __init__(self, directory: Path, kind: str, number: int, keys: Iterable[str]) -> None:
        path, keys = directory / f"{kind}_{number}.db", list(keys)
        if not path.exists():
            _create(path, keys)
        self._file = MmapedDict(str(path))  # type: ignore[no-untyped-call]
        self._values: dict[str, float] = {key: self._file.read_value(key)[0] for key in keys}  # type: ignore[no-untyped-call]

    def add(self, key: str, amount: float) -> None:
        """Add `amount` to the number at `key`."""
        self.set(key, self._values[key] + amount)

    def set(self, key: str, value: float) -> None:
        """Let the number at `key` be `value`."""
        self._values[key] = value
        self._file.write_value(key, value, 0.0)  # type: ignore[no-untyped-call]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file, which stays."""
        self._file.close()  # type: ignore[no-untyped-call]


def key_of(name: str, help_text: str, labels: Mapping[str, str], suffix: str = "") -> str:
    """Return the key of a number of metric `name`; `suffix` is what its sample's name has besides."""
    key: str = mmap_key(name, name + suffix, list(labels), list(labels.values()), help_text)
    return key


def metrics_directory(data_dir: Path) -> Path:
    """Return where the metric files of the instance that owns `data_dir` are.

    Raises:
        DayKeyError: there is no directory in memory.
    """
    keys = find_memory_directory(data_dir)  # whatever is in there and no day key of today is removed
    return keys.with_name(f"{keys.name}-metrics")


def start_metrics(directory: Path) -> None:
    """Make `directory` anew, and empty: all counters begin at 0. For the supervisor, before it starts workers.

    Raises:
        DayKeyError: another user made what is there.
        OSError: it cannot be made.
    """
    make_private_directory(directory)
    for path in directory.iterdir():
        path.unlink()


def end_metrics(directory: Path) -> None:
    """Remove `directory`: nobody is there to be asked any more."""
    shutil.rmtree(directory, ignore_errors=True)


def forget_living(directory: Path, number: int) -> None:
    """Drop what holds only while worker `number` lives; its counters stay."""
    mark_process_dead(number, str(directory))  # type: ignore[no-untyped-call]


def read_metrics(directory: Path) -> list[Metric]:
    """Return the metrics of all workers, added up; none if there is no collector on this host."""
    try:
        found: Iterable[Metric] = MultiProcessCollector(None, str(directory)).collect()  # type: ignore[no-untyped-call]
        return list(found)
    except (ValueError, FileNotFoundError):  # not there; or removed just now, by a supervisor that starts or stops
        return []


def _create(path: Path, keys: list[str]) -> None:
    """Make the file with every key at 0, all of its memory taken, and only then visible.

    A file that a killed worker left half made would fail every scrape from then on, and a write into memory that is
    not there any more would end the worker.
    """
    new = path.with_suffix(".new")
    needed = 8 + sum(len(key.encode()) + _ENTRY_BYTES for key in keys)
    descriptor = os.open(new, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, -(-needed // _PAGE_BYTES) * _PAGE_BYTES)
    finally:
        os.close(descriptor)
    file = MmapedDict(str(new))  # type: ignore[no-untyped-call]
    for key in keys:
        file.read_value(key)  # type: ignore[no-untyped-call]
    file.close()  # type: ignore[no-untyped-call]
    new.rename(path)
