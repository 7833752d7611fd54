"""What this worker acknowledged, kept beside the segments: the collector's side of the ledger."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from schema.hit import Hit, Kind, Record
from schema.tally_format import QUARTER_MS, TALLY, Place, Tallied, encode_entry

_KINDS = {kind: kind.name.lower() for kind in Kind}

log = logging.getLogger("footfall.spool")


class WorkerTally:
    """One file per process and UTC day, with an entry per segment; the last one is written over at each commit.

    It is written after the commit, and never synced: it outlives the process, and after a power cut it says less than
    the segment, never more. A tally that cannot be written is given up, since beacons come first. For one thread.
    """

    def __init__(self) -> None:
        self._directory: Path | None = None
        self._descriptor = -1
        self._number = self._offset = 0
        self._segment = ""
        self._tallied: Tallied = Counter()
        self._is_given_up = False

    def begin(self, directory: Path, segment: str) -> None:
        """Start the entry of a new segment of the day that `directory` is for."""
        self._segment, self._tallied = segment, Counter()
        if directory != self._directory and not self._is_given_up:
            self._open(directory)

    def add(self, records: Iterable[Record]) -> None:
        """Count `records`, as they were written to the segment."""
        self._tallied.update(map(_place_of, records))
        self._write(is_complete=False)

    def complete(self) -> None:
        """Say that the segment is sealed, and holds what was counted."""
        self._offset += self._write(is_complete=True)
        self._number += 1

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _open(self, directory: Path) -> None:
        self.close()
        self._directory, self._number, self._offset = directory, 0, 0
        try:
            path = directory / (self._segment + TALLY)
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            self._give_up(error.strerror)

    def _write(self, *, is_complete: bool) -> int:
        """Put the entry where it belongs in the file, and return how many bytes it has."""
        if self._is_given_up:
            return 0
        line = encode_entry(self._number, self._segment, is_complete, self._tallied)
        try:
            if os.pwrite(self._descriptor, line, self._offset) != len(line):
                self._give_up("written in part")
        except OSError as error:
            self._give_up(error.strerror)
        return len(line)

    def _give_up(self, reason: str | None) -> None:
        self._is_given_up = True
        self.close()
        log.error("this worker goes on without a tally for the ledger: it cannot be written (%s)", reason)


def _place_of(record: Record) -> Place:
    what = _KINDS[record.kind] if isinstance(record, Hit) else record.reason.value
    return record.site, record.at // QUARTER_MS, what
