"""Files that survive a power cut: atomic replacement and directory fsync."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path


def fsync_directory(directory: Path) -> None:
    """Make the creation, renaming and removal of entries of `directory` durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of `content`; a single write(2) may take only a part."""
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def replace_file(path: Path, content: bytes) -> None:
    """Put `content` at `path`: after a crash the file is the old one or the new one, whole.

    Temporary file, fsync, rename, fsync of the directory: when this returns, the new one is on stable storage.
    A temporary file that could not be written or synced is removed, so that the next try gets a fresh one.
    """
    _replace(path, content)
    fsync_directory(path.parent)


def replace_files(directory: Path, contents: Iterable[tuple[str, bytes]]) -> None:
    """Put several files into `directory`, each as `replace_file` does, with one fsync of the directory at the end.

    After a crash any of them may be the old one or the new one; when this returns, all are on stable storage.
    """
    for name, content in contents:
        _replace(directory / name, content)
    fsync_directory(directory)


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(path.name + ".tmp")
    try:
        _write_file(temporary, content)
        temporary.rename(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _write_file(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        write_all(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directory(path: Path) -> None:
    """Create `path` and its parents, 0700, durably; it may exist."""
    if path.is_dir():
        return
    make_directory(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    fsync_directory(path.parent)


def settle_directory(path: Path) -> None:
    """Make `path` as `make_directory` does; durable even if another process made it and has not come to sync it."""
    make_directory(path)
    fsync_directory(path.parent)
