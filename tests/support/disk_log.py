"""Writes down what real code does to the disk: each change, sync and rename, with what was written and where."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True)
class Call:
    """One change, sync or acknowledgement. `file` is a number that outlives renames; paths are below the root."""

    name: str
    directory: str = ""
    entry: str = ""
    target: str = ""
    file: int = -1
    offset: int = 0
    content: bytes = b""
    promise: Any = None


@dataclass
class _Recorder:
    root: Path
    calls: list[Call]
    numbers: Iterator[int]
    files: dict[str, int] = field(default_factory=dict)  # path → file
    descriptors: dict[int, int] = field(default_factory=dict)  # descriptor → file

    def place(self, path: str | Path) -> tuple[str, str] | None:
        """(directory, entry) below the root, or None for what is elsewhere."""
        full = Path(path)
        if not full.is_relative_to(self.root) or full == self.root:
            return None
        below = full.relative_to(self.root)
        return str(below.parent), below.name

    def add(self, name: str, **fields: Any) -> None:
        self.calls.append(Call(name, **fields))

    def opened(self, descriptor: int, path: Path, flags: int, existed: bool) -> None:
        place = self.place(path)
        if place is None or flags & os.O_DIRECTORY:
            return
        if not existed:
            self.files[str(path)] = next(self.numbers)
            self.add("create", directory=place[0], entry=place[1], file=self.files[str(path)])
        if str(path) in self.files:
            self.descriptors[descriptor] = self.files[str(path)]
            if existed and flags & os.O_TRUNC:
                self.add("cut", file=self.files[str(path)], offset=0)

    def synced(self, name: str, descriptor: int) -> None:
        if descriptor in self.descriptors:
            self.add(name, file=self.descriptors[descriptor])
            return
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        if path.is_relative_to(self.root):
            self.add("fsync directory", directory=str(path.relative_to(self.root)))

    def renamed(self, source: str | Path, target: str | Path) -> None:
        places = self.place(source), self.place(target)
        assert places[0] is not None
        assert places[1] is not None
        assert places[0][0] == places[1][0]
        self.add("rename", directory=places[0][0], entry=places[0][1], target=places[1][1])
        if str(source) in self.files:
            self.files[str(target)] = self.files.pop(str(source))

    def unlinked(self, path: str | Path) -> None:
        if place := self.place(path):
            self.add("unlink", directory=place[0], entry=place[1])
            self.files.pop(str(path), None)


@contextmanager
def disk_log(root: Path, numbers: Iterator[int]) -> Iterator[list[Call]]:
    """The calls that this process makes below `root`, as they happen; add your own "promise" calls to it.

    `numbers` gives every file one of its own. Files that are there already count as durable.
    """
    log = _Recorder(root, [], numbers)
    for path in root.rglob("*"):
        if path.is_file():
            log.files[str(path)] = next(numbers)
    real = {name: getattr(os, name) for name in ("open", "write", "fsync", "fdatasync", "ftruncate", "close")}
    real |= {name: getattr(os, name) for name in ("mkdir", "rename", "unlink")}

    def open_file(path: Any, flags: int, *rest: Any, **options: Any) -> int:
        existed = isinstance(path, str | Path) and os.path.exists(path)
        descriptor: int = real["open"](path, flags, *rest, **options)
        if isinstance(path, str | Path):
            log.opened(descriptor, Path(path), flags, existed)
        return descriptor

    def write(descriptor: int, content: Any) -> int:
        if descriptor not in log.descriptors:
            return int(real["write"](descriptor, content))
        offset = os.lseek(descriptor, 0, os.SEEK_CUR)
        written = int(real["write"](descriptor, content))
        log.add("write", file=log.descriptors[descriptor], offset=offset, content=bytes(content[:written]))
        return written

    def cut(descriptor: int, size: int) -> None:
        real["ftruncate"](descriptor, size)
        log.add("cut", file=log.descriptors[descriptor], offset=size)

    def close(descriptor: int) -> None:
        log.descriptors.pop(descriptor, None)
        real["close"](descriptor)

    def after(name: str, note: Callable[..., None]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            answer = real[name](*arguments, **options)
            note(*arguments)
            return answer

        return call

    def made(path: str | Path, *_: Any) -> None:
        if place := log.place(path):
            log.add("mkdir", directory=place[0], entry=place[1])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "open", open_file)
        patch.setattr(os, "write", write)
        patch.setattr(os, "ftruncate", cut)
        patch.setattr(os, "close", close)
        patch.setattr(os, "fsync", after("fsync", functools.partial(log.synced, "fsync")))
        patch.setattr(os, "fdatasync", after("fdatasync", functools.partial(log.synced, "fdatasync")))
        patch.setattr(os, "rename", after("rename", log.renamed))
        patch.setattr(os, "unlink", after("unlink", log.unlinked))
        patch.setattr(os, "mkdir", after("mkdir", made))
        yield log.calls
