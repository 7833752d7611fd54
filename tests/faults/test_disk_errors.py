"""Every call that a commit cycle makes on the disk fails once: nothing is acknowledged after it, nothing is lost.

strace makes the N-th call of a kind fail in a process that runs the real spool writer, for every N that there is.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from aggregator.dead_segments import recover_dead
from aggregator.spool_reader import SpoolReader
from schema.hit import Hit
from support.injected import DAYS, EXIT_FAILED, NOON
from support.processes import wait_until

WATCHED = "/^(p?writev?2?|pwrite64|fsync|fdatasync|rename.*|openat|mkdir.*|fallocate|unlink.*)$"
AT_ONCE = 2
SEGMENT_SYNC = re.compile(r"f(?:data)?sync\(\d+<[^>]*/(\d{13}-[0-9a-f]{16})\.\w+>\)")


@dataclass(frozen=True)
class Outcome:
    """What a process said, how it ended, what it did on the disk, and what is found there after recovery."""

    answers: list[str]
    process: int
    exit_code: int
    log: list[str]
    found: list[int]

    @property
    def acknowledged(self) -> list[int]:
        return [int(answer[1:]) for answer in self.answers if answer[0] == "+"]

    @property
    def injected(self) -> list[int]:
        """Where in the log a call failed."""
        return [number for number, line in enumerate(self.log) if "(INJECTED)" in line]

    def calls(self, phase: str) -> list[tuple[str, int]]:
        """(name, how many of it) of what the first thread did on the disk (PHASE start), or the others (PHASE work)."""
        lines = [line.split(maxsplit=1) for line in self.log if "(" in line]
        is_first = phase == "start"
        names = Counter(rest.partition("(")[0] for thread, rest in lines if (int(thread) == self.process) == is_first)
        return sorted(names.items())


def run(strace: str, directory: Path, phase: str, injection: str) -> Outcome:
    """Run `support.injected` with a fault."""
    directory.mkdir()
    here, there = socket.socketpair()
    with here, there, (directory / "errors").open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "support.injected", str(directory / "spool"), str(there.fileno()), phase],
            pass_fds=[there.fileno()],
            stderr=errors,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        try:
            there.close()
            assert here.recv(6) == b"ready\n", (directory / "errors").read_text()
            with attached(strace, process.pid, directory / "log", injection):
                here.sendall(b"!")
                process.wait(30)
        finally:
            process.kill()
            process.wait()
        answers = here.makefile().read().split()
    log = (directory / "log").read_text().splitlines()
    return Outcome(answers, process.pid, process.returncode, log, recovered(directory / "spool"))


@contextmanager
def attached(strace: str, process: int, log: Path, injection: str) -> Iterator[None]:
    """strace watches and disturbs `process`, which goes on until its end."""
    said = log.with_name("strace")
    command = [strace, "-f", "-y", "-s", "0", "-o", str(log), "-e", f"trace={WATCHED}"]
    command += ["-e", f"inject={injection}"] if injection else []
    with said.open("wb") as output:
        tracer = subprocess.Popen([*command, "-p", str(process)], stderr=output)
    try:
        wait_until(lambda: b"attached" in said.read_bytes() or tracer.poll() is not None, 30, "strace is attached")
        assert tracer.poll() is None, said.read_text()
        yield
        tracer.wait(30)
    finally:
        tracer.kill()
        tracer.wait()


def recovered(spool: Path) -> list[int]:
    """The visitor of every hit, after what the aggregator does to segments without a worker."""
    reader, found = SpoolReader(spool), []
    for day in reader.days():
        assert recover_dead(spool, day, NOON).problems == []
        for reading in reader.read(day):
            assert reading.problems == []
            found += [record.visitor for record in reading.records if isinstance(record, Hit)]
        assert reader.unfinished(day) == set()
    return found


def check(outcome: Outcome) -> None:
    """What holds after any fault."""
    assert len(outcome.found) == len(set(outcome.found))
    assert set(outcome.acknowledged) <= set(outcome.found)
    assert outcome.exit_code in (0, EXIT_FAILED)
    if outcome.exit_code == EXIT_FAILED:
        assert "+" not in "".join(answer[0] for answer in outcome.answers).lstrip("+")
        assert len(outcome.found) <= len(outcome.acknowledged) + 1
    else:
        assert sorted(outcome.found) == outcome.acknowledged
    for number in outcome.injected:
        if failed := SEGMENT_SYNC.search(outcome.log[number]):
            later = [line for line in outcome.log[number + 1 :] if failed[1] in line]
            assert [line for line in later if "unlink" not in line] == []


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        ("start", {"mkdir", "openat", "fsync", "fallocate"}),
        ("work", {"mkdir", "openat", "write", "fsync", "fdatasync", "rename"}),
    ],
)
@pytest.mark.parametrize("fault", ["EIO", "ENOSPC", "ENOSPC from then on"])
def test_whichever_call_fails_what_was_acknowledged_is_there_once(
    strace: str, tmp_path: Path, phase: str, expected: set[str], fault: str
) -> None:
    whole = run(strace, tmp_path / "whole", phase, "")
    assert (whole.exit_code, whole.acknowledged, whole.found) == (0, list(range(len(DAYS))), list(range(len(DAYS))))
    assert {re.sub("at2?$", "", name) if name != "openat" else name for name, _ in whole.calls(phase)} == expected
    error, _, lasting = fault.partition(" ")

    def fail(case: tuple[str, int]) -> None:
        name, number = case
        injection = f"{name}:error={error}:when={number}{'+' if lasting else ''}"
        outcome = run(strace, tmp_path / f"{name}-{number}", phase, injection)
        assert outcome.injected
        check(outcome)
        if phase == "work" and error == "EIO":
            assert outcome.exit_code == EXIT_FAILED

    cases = [(name, number + 1) for name, count in whole.calls(phase) for number in range(count)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(fail, cases))
