"""A day of an archive made anew, or taken away: whole before and whole after, however it is interrupted.

`archive/replacing/` has three places: `tmp/` where the new day is written, `new/` where its arrival is the commit, and
`old/` for what the new one takes the place of. What is in `new/` or `old/` will be finished by `finish`.
"""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

from aggregator.day_directories import days_in
from schema.durable_files import fsync_directory, make_directory

NAME = "replacing"


def begin(root: Path, day: date) -> Path:
    """Return an empty archive in which to write the new files of `day`; for `commit`."""
    finish(root)
    directory = _place(root, "tmp")
    make_directory(directory / day.isoformat())
    return directory


def commit(root: Path, day: date) -> None:
    """Put what was written for `day` in the place of what is there."""
    make_directory(_place(root, "new"))
    fsync_directory(_place(root, "tmp") / day.isoformat())
    _move(_place(root, "tmp"), _place(root, "new"), day)
    finish(root)


def take_away(root: Path, day: date) -> None:
    """Remove all that is there of `day`."""
    finish(root)
    make_directory(_place(root, "old"))
    _move(root, _place(root, "old"), day)
    finish(root)


def finish(root: Path) -> None:
    """Finish what was committed and interrupted; forget what was not committed. One caller at a time."""
    for day in days_in(_place(root, "new")):
        if (root / day.isoformat()).exists():
            make_directory(_place(root, "old"))
            _move(root, _place(root, "old"), day)
        _move(_place(root, "new"), root, day)
    if (root / NAME).exists():
        shutil.rmtree(root / NAME)
        fsync_directory(root)


def _move(source: Path, target: Path, day: date) -> None:
    (source / day.isoformat()).rename(target / day.isoformat())
    fsync_directory(target)
    fsync_directory(source)


def _place(root: Path, name: str) -> Path:
    return root / NAME / name
