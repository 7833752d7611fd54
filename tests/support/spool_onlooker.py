"""The real recovery and reader on the states that a power cut may leave: which of them breaks a promise?"""

from __future__ import annotations

import random
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aggregator.dead_segments import recover_dead
from aggregator.spool_reader import SpoolReader
from schema.fence import read_fence
from schema.hit import Hit
from schema.spool_format import FENCE_NAME
from support.crash_states import Disk, State, crash_states
from support.disk_log import Call
from support.hits import at

NOON = at("12:00")
FAR = NOON + 10 * 86_400_000
WHOLE_STATE_EVERY = 100  # states: is looked at with all its files together


@dataclass(frozen=True)
class Found:
    """What recovery and reader make of one file or of all of a state."""

    visitors: tuple[int, ...]
    problems: int


class Onlooker:
    """Runs the real code on states, in a directory that it empties each time."""

    def __init__(self, memory: Path) -> None:
        self._data = memory / "looked-at"
        self._known: dict[tuple[str, bytes], Found] = {}

    def look(self, state: State) -> Found:
        """What is found in the files of `state`, each by itself."""
        found = [self._look_at_one(path, content) for path, content, _ in state if path.endswith((".open", ".sealed"))]
        return Found(tuple(visitor for one in found for visitor in one.visitors), sum(one.problems for one in found))

    def look_at_all(self, state: State) -> Found:
        """What is found in all files of `state` together."""
        shutil.rmtree(self._data, ignore_errors=True)
        for path, content, _ in state:
            file = self._data / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        spool = self._data / "spool"
        reader, visitors, problems = SpoolReader(spool), [], 0
        for day in reader.days():
            problems += len(recover_dead(spool, day, FAR).problems)
            for reading in reader.read(day):
                problems += len(reading.problems)
                visitors += [record.visitor for record in reading.records if isinstance(record, Hit)]
        return Found(tuple(visitors), problems)

    def fence(self, state: State) -> int:
        """The fence as it reads, or -1 if it cannot be read."""
        content = next((content for path, content, _ in state if path == f"spool/{FENCE_NAME}"), None)
        if content is None:
            return 0
        spool = self._data / "spool"
        spool.mkdir(parents=True, exist_ok=True)
        (spool / FENCE_NAME).write_bytes(content)
        try:
            return read_fence(spool)
        except struct.error:
            return -1

    def _look_at_one(self, path: str, content: bytes) -> Found:
        key = (path, content)
        if key not in self._known:
            self._known[key] = self.look_at_all(frozenset({(path, content, False)}))
        return self._known[key]


class Verdict:
    """Looks at states until one breaks a promise; at each only once."""

    def __init__(self, memory: Path) -> None:
        self.seen: set[tuple[frozenset[Any], State]] = set()
        self._onlooker = Onlooker(memory)

    def first_loss(self, disk: Disk, calls: list[Call], written: set[int], fences: tuple[int, ...] = (0,)) -> str:
        """What is wrong with the first bad state; empty if they are all good.

        A promise is a visitor who was acknowledged, or ("fence", instant): it is not before that any more.
        """
        chance = random.Random(3)
        for number, (promises, state) in enumerate(crash_states(disk, calls, chance, self.seen)):
            found = self._onlooker.look(state)
            if problem := self._judge(promises, state, found, written, fences):
                return problem
            if number % WHOLE_STATE_EVERY == 0:
                together = self._onlooker.look_at_all(state)
                assert (sorted(together.visitors), together.problems) == (sorted(found.visitors), found.problems)
        return ""

    def _judge(
        self, promises: frozenset[Any], state: State, found: Found, written: set[int], fences: tuple[int, ...]
    ) -> str:
        acknowledged = {promise for promise in promises if isinstance(promise, int)}
        present = set(found.visitors)
        if lost := acknowledged - present:
            return f"lost: {sorted(lost)}"
        if len(present) < len(found.visitors) or not present <= written:
            return "something is there twice, or was never written"
        if found.problems and not any(holed for *_, holed in state):
            return "whole segments are said to be damaged"
        fence = self._onlooker.fence(state)
        if fence not in fences or fence < max(
            (promise[1] for promise in promises if isinstance(promise, tuple)), default=0
        ):
            return "the fence is lost"
        return ""
