"""What a directory may hold after a power cut, by the rules of POSIX and no file system's kindness.

`disk_log.py` writes down what real code does to the disk. `crash_states` plays it back, stops after each call, and
gives what may be there then. Of a file that was not synced since: any torn or holed part of what came after. Of a
directory that was not synced since: any of the changes to its entries without the others.
"""

from __future__ import annotations

import functools
import itertools
import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from support.disk_log import Call

SECTOR = 512
PAGE = 4096
MAX_DIRECTORIES = 64  # sets of lost entries that are looked at per call; a sample of them where there are more
MAX_CONTENTS = 1500  # the same for the contents of all files together

State = frozenset[tuple[str, bytes, bool]]  # path below the root, content, whether it has a hole


@dataclass
class _File:
    durable: bytes = b""
    pending: list[Call] = field(default_factory=list)
    found: list[tuple[bytes, bool]] = field(default_factory=list)  # by `contents`, while it holds

    def contents(self) -> list[tuple[bytes, bool]]:
        """What it may hold, and whether that has a hole."""
        self.found = self.found or self._find()
        return self.found

    def _find(self) -> list[tuple[bytes, bool]]:
        found: dict[tuple[bytes, bool], None] = {}
        for number in range(len(self.pending) + 1):
            for chosen in itertools.combinations(self.pending, number):
                content = self.durable
                for call in chosen[:-1]:
                    content = _apply(content, call)
                for variant in _variants(content, chosen[-1]) if chosen else [(content, False)]:
                    found[variant] = None
        return list(found)


def _apply(content: bytes, call: Call) -> bytes:
    if call.name == "cut":
        return content[: call.offset].ljust(call.offset, b"\0")
    return content[: call.offset].ljust(call.offset, b"\0") + call.content + content[call.offset + len(call.content) :]


def _variants(before: bytes, last: Call) -> Iterator[tuple[bytes, bool]]:
    """What is there if `last` came whole, or torn at a byte, a sector or a page, or with a hole of either size."""
    whole = _apply(before, last)
    yield whole, False
    if last.name == "cut":
        return
    end = last.offset + len(last.content)
    bounds = {last.offset + 1, end - 1, *range(last.offset // SECTOR * SECTOR + SECTOR, end, SECTOR)}
    for bound in sorted(bounds):
        if last.offset < bound < end:
            kept = last.content[: bound - last.offset]
            yield _apply(before, Call("write", offset=last.offset, content=kept)), False
            yield _apply(before, Call("write", offset=last.offset, content=kept.ljust(len(last.content), b"\0"))), True
    for size in (SECTOR, PAGE):
        for start in range(last.offset // size * size, end, size):
            first, behind = max(start, last.offset), min(start + size, end)
            yield whole[:first] + bytes(behind - first) + whole[behind:], True


Change = tuple[str, str, "int | str | None"]  # entry that goes, entry that comes, what it names


@dataclass
class _Directory:
    durable: dict[str, int | str] = field(default_factory=dict)  # entry → file, or path of a directory
    now: dict[str, int | str] = field(default_factory=dict)
    pending: list[Change] = field(default_factory=list)

    def change(self, gone: str, come: str, what: int | str | None) -> None:
        self.pending.append((gone, come, what))
        _change(self.now, self.pending[-1])

    def sync(self) -> None:
        self.durable, self.pending = dict(self.now), []

    def entries(self, chance: random.Random) -> list[dict[str, int | str]]:
        """What it may list: every set of the changes, in their order."""
        kept: Iterable[tuple[bool, ...]] = itertools.product((True, False), repeat=len(self.pending))
        if 2 ** len(self.pending) > MAX_DIRECTORIES:
            kept = [tuple(chance.random() < 0.5 for _ in self.pending) for _ in range(MAX_DIRECTORIES)]
        found = []
        for choice in kept:
            entries = dict(self.durable)
            for change in itertools.compress(self.pending, choice):
                _change(entries, change)
            found.append(entries)
        return found


def _change(entries: dict[str, int | str], change: Change) -> None:
    gone, come, what = change
    entries.pop(gone, None)
    if what is not None:
        entries[come] = what


class Disk:
    """A disk that forgets what nobody synced."""

    def __init__(self) -> None:
        self._files: dict[int, _File] = {}
        self._directories: dict[str, _Directory] = {".": _Directory()}

    def do(self, call: Call) -> None:
        """Let one call happen."""
        if call.name == "create":
            self._files[call.file] = _File()
            self._directories[call.directory].change("", call.entry, call.file)
        elif call.name == "mkdir":
            path = call.entry if call.directory == "." else f"{call.directory}/{call.entry}"
            self._directories[path] = _Directory()
            self._directories[call.directory].change("", call.entry, path)
        elif call.name in ("write", "cut"):
            self._files[call.file].pending.append(call)
            self._files[call.file].found = []
        elif call.name in ("fsync", "fdatasync"):
            file = self._files[call.file]
            file.durable, file.pending, file.found = functools.reduce(_apply, file.pending, file.durable), [], []
        elif call.name == "fsync directory":
            self._directories[call.directory].sync()
        elif call.name == "rename":
            directory = self._directories[call.directory]
            directory.change(call.entry, call.target, directory.now[call.entry])
        elif call.name == "unlink":
            self._directories[call.directory].change(call.entry, "", None)

    def settle(self) -> None:
        """Let everything become durable."""
        for file in self._files.values():
            file.durable, file.pending, file.found = functools.reduce(_apply, file.pending, file.durable), [], []
        for directory in self._directories.values():
            directory.sync()

    def states(self, chance: random.Random) -> Iterator[State]:
        """All that may be on it if the power goes now; a state may come more than once."""
        names = list(self._directories)
        contents = {number: file.contents() for number, file in self._files.items()}
        for listing in itertools.product(*(self._directories[name].entries(chance) for name in names)):
            reached = dict(_walk(dict(zip(names, listing, strict=True)), "."))
            for chosen in _choices([contents[file] for file in reached.values()], chance):
                yield frozenset((path, content, holed) for path, (content, holed) in zip(reached, chosen, strict=True))


def _choices(
    contents: list[list[tuple[bytes, bool]]], chance: random.Random
) -> Iterable[tuple[tuple[bytes, bool], ...]]:
    """One content for each file: all ways there are, or a sample of them."""
    if math.prod(map(len, contents)) <= MAX_CONTENTS:
        return itertools.product(*contents)
    return (tuple(map(chance.choice, contents)) for _ in range(MAX_CONTENTS))


def _walk(directories: dict[str, dict[str, int | str]], name: str) -> Iterator[tuple[str, int]]:
    """Path → file of all that can be reached from the root."""
    for entry, what in directories[name].items():
        if isinstance(what, str):
            yield from _walk(directories, what)
        else:
            yield (entry if name == "." else f"{name}/{entry}"), what


def crash_states(
    disk: Disk, calls: Iterable[Call], chance: random.Random, seen: set[tuple[frozenset[Any], State]]
) -> Iterator[tuple[frozenset[Any], State]]:
    """After each call: (what was promised up to then, what may be on disk), but for what is in `seen`, which grows."""
    promises: frozenset[Any] = frozenset()
    for call in calls:
        if call.name == "promise":
            promises |= {call.promise}
        else:
            disk.do(call)
        for state in disk.states(chance):
            if (promises, state) not in seen:
                seen.add((promises, state))
                yield promises, state
