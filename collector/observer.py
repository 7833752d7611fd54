"""Who is told what the spool writer does, for measuring: a boundary, so that the writer knows of no metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from schema.hit import Record


class CommitObserver(Protocol):
    """Called in the writer's own thread; must be quick, and never raise."""

    def committed(self, records: Sequence[Record], written_bytes: int, seconds: float) -> None:
        """Take note: `records` have come onto stable storage in one commit of `written_bytes`, within `seconds`."""

    def refused(self, records: int) -> None:
        """Take note: so many records were not kept, and their senders were told so."""


class NobodyWatches:
    """An observer that takes no note."""

    def committed(self, records: Sequence[Record], written_bytes: int, seconds: float) -> None:
        """Do nothing."""

    def refused(self, records: int) -> None:
        """Do nothing."""
