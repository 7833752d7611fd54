"""Watches what makes files durable: which fsync and which rename came in what order."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def disk_calls() -> Iterator[list[tuple[str, str]]]:
    """A list that grows with each call: what was called, and the name of the file or directory."""
    calls: list[tuple[str, str]] = []
    fsync, rename = os.fsync, Path.rename

    def watched_fsync(descriptor: int) -> None:
        calls.append(("fsync", Path(os.readlink(f"/proc/self/fd/{descriptor}")).name))
        fsync(descriptor)

    def watched_rename(path: Path, target: Path) -> Path:
        calls.append(("rename", path.name))
        return rename(path, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", watched_fsync)
        patch.setattr(Path, "rename", watched_rename)
        yield calls
