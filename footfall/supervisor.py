"""The process tree: start the parts, start again what falls over, stop all of it in order."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType

from schema.load_settings import environment_without_settings

EXIT_STOPPED = 2  # a part says that starting again makes no sense
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 30.0
HEALTHY_SECONDS = 10.0  # a part that lasted this long starts again at once
STOP_SECONDS = 15.0

log = logging.getLogger("footfall.supervisor")


@dataclass
class Part:
    """One child process: how to start it, and how it has been doing."""

    name: str
    arguments: Sequence[str]
    descriptors: Sequence[int] = ()
    on_end: Callable[[], None] = lambda: None  # called when it has fallen over
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = FIRST_PAUSE_SECONDS
    start_at: float = field(default=0.0)

    def start(self, settings: str, now: float) -> None:
        """Start it, and give it `settings` (TOML) on its standard input: what was checked once holds for all.

        It gets a process group of its own, so that Ctrl-C reaches only the supervisor.
        """
        command = [sys.executable, "-m", "footfall", *self.arguments]
        self.process = subprocess.Popen(
            [*command, "--parent", str(os.getpid()), "--config", "/dev/stdin"],
            stdin=subprocess.PIPE,
            pass_fds=tuple(self.descriptors),
            process_group=0,
            env=environment_without_settings(),
        )
        assert self.process.stdin is not None  # asked for above
        with contextlib.suppress(BrokenPipeError), self.process.stdin as pipe:  # gone already: the next poll tells
            pipe.write(settings.encode())
        self.started = now

    def plan_restart(self, now: float) -> float:
        """Return how many seconds to wait before the next start: longer each time it falls over soon."""
        self.pause = FIRST_PAUSE_SECONDS if now - self.started > HEALTHY_SECONDS else self.pause
        pause, self.pause = self.pause, min(self.pause * 2, LONGEST_PAUSE_SECONDS)
        self.start_at = now + pause
        self.process = None
        return pause


class Supervisor:
    """Runs `parts` until told to stop; `on_tick` is called all the while."""

    def __init__(self, parts: Sequence[Part], settings: str, on_tick: Callable[[], None] = lambda: None) -> None:
        self.parts = list(parts)
        self._settings = settings
        self._on_tick = on_tick
        self._stopping = False

    def run(self) -> int:
        """Start all parts, watch them, and return the exit code once all have ended."""
        previous = {number: signal.signal(number, self._on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            code = self._watch()
        finally:
            self._stop_all()
            for number, handler in previous.items():
                signal.signal(number, handler)
        return code

    def _watch(self) -> int:
        while not self._stopping:
            now = time.monotonic()
            for part in self.parts:
                if part.process is None and now >= part.start_at:
                    part.start(self._settings, now)
                elif part.process is not None and (code := part.process.poll()) is not None:
                    if code == EXIT_STOPPED:
                        return code
                    part.on_end()
                    pause = part.plan_restart(now)
                    log.warning("%s ended with code %d; starting it again in %.1f s", part.name, code, pause)
            self._on_tick()
            time.sleep(0.05)
        return 0

    def _stop_all(self) -> None:
        """Ask all parts to end, then insist. In any order: each leaves its work on disk for the next start."""
        running = [(part.name, part.process) for part in self.parts if part.process is not None]
        for _, process in running:
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for name, process in running:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.error("%s did not stop within %d s and was killed", name, STOP_SECONDS)
                process.kill()
                process.wait()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True
