"""The mark of an archive that is being restored: until all of it is there, nobody may take it for the whole."""

from __future__ import annotations

from pathlib import Path

from schema.durable_files import fsync_directory, make_directory, replace_file
from schema.errors import StopError

MARK = "restoring"


def is_being_restored(root: Path) -> bool:
    """Whether a restore into the archive at `root` has begun and not ended."""
    return (root / MARK).exists()


def begin_restoring(root: Path) -> None:
    """Make the archive, and mark it."""
    make_directory(root)
    replace_file(root / MARK, b"")


def end_restoring(root: Path) -> None:
    """Say that it is whole."""
    (root / MARK).unlink()
    fsync_directory(root)


def refuse_half_restored(root: Path) -> None:
    """Let nobody count on, or compare, what is only a part.

    Raises:
        StopError: a restore was interrupted, or could not bring back everything.
    """
    if is_being_restored(root):
        raise StopError(
            "a restore into data_dir has not come to its end: the archive lacks what it did not reach",
            hint="run footfall restore again, which goes on from there; with --incomplete it ends with what there is",
        )
