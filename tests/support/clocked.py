"""Footfall's real processes under a clock that a test turns: `python -m support.clocked PART CLOCK_FILE DESCRIPTOR`."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from footfall.process import bind_listener
from schema.durable_files import replace_file
from schema.format_settings import format_toml
from schema.load_settings import load_settings
from schema.settings import AggregatorSettings, CollectorSettings, DashboardSettings, Settings, SpoolSettings
from support.processes import are_ready, free_port

TESTS = Path(__file__).parents[1]
SECRET = "a secret that only tests know"
_MOMENT = struct.Struct("<Q")


@dataclass(frozen=True)
class FileClock:
    """A clock that shows what its file says: milliseconds since the epoch."""

    file: Path

    def __call__(self) -> int:
        return int(_MOMENT.unpack(self.file.read_bytes())[0])

    def turn_to(self, at_ms: int) -> None:
        """Set every process that reads this file to the instant."""
        replace_file(self.file, _MOMENT.pack(at_ms))


def clocked_settings(data_dir: Path) -> Settings:
    """Settings on free ports, quick, that believe the tests about where beacons come from."""
    return Settings(
        data_dir=data_dir,
        collector=CollectorSettings(listen=f"127.0.0.1:{free_port()}", trusted_proxies=("127.0.0.1/32",)),
        spool=SpoolSettings(segment_seconds=1, min_free_bytes=0),
        aggregator=AggregatorSettings(live_seconds=1),
        dashboard=DashboardSettings(listen=f"127.0.0.1:{free_port()}", share_secret=SECRET),
    )


@dataclass
class ClockedFootfall:
    """Two workers and the store process, as `footfall serve` starts them, but with another clock."""

    settings: Settings
    clock: FileClock
    log_file: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        """Bind the two addresses and start the processes on them."""
        with (
            bind_listener("collector.listen", self.settings.collector.listen) as collector,
            bind_listener("dashboard.listen", self.settings.dashboard.listen) as dashboard,
        ):
            self._spawn("store-process", dashboard.fileno())
            for _ in range(self.settings.collector.workers):
                self._spawn("worker", collector.fileno())

    def is_ready(self) -> bool:
        """Whether collector and dashboard say that they are."""
        return are_ready(self.settings.collector.listen, self.settings.dashboard.listen)

    def kill(self) -> None:
        """kill -9 to all of them."""
        for process in self.processes:
            process.kill()
            process.wait()
        self.processes.clear()

    def _spawn(self, part: str, descriptor: int) -> None:
        command = [sys.executable, "-m", "support.clocked", part, str(self.clock.file), str(descriptor)]
        with self.log_file.open("ab") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=[descriptor],
                env={**os.environ, "PYTHONPATH": str(TESTS)},
            )
        assert process.stdin is not None
        with process.stdin as pipe:
            pipe.write(format_toml(self.settings).encode())
        self.processes.append(process)


@contextmanager
def clocked_footfall(settings: Settings, directory: Path, start_ms: int) -> Iterator[ClockedFootfall]:
    """The processes, running, with their clock at `start_ms`; killed at the end."""
    clock = FileClock(directory / "clock")
    clock.turn_to(start_ms)
    footfall = ClockedFootfall(settings, clock, directory / "output.log")
    try:
        footfall.start()
        yield footfall
    finally:
        footfall.kill()


def main(part: str, clock_file: str, descriptor: str) -> int:
    """Run one part until SIGTERM."""
    settings, clock = load_settings(Path("/dev/stdin"), {}), FileClock(Path(clock_file))
    if part == "worker":
        from collector.worker import EXIT_DAY_OVER, run_worker
        from footfall.renewal import start_anew

        code = run_worker(settings, int(descriptor), clock)
        return start_anew(settings) if code == EXIT_DAY_OVER else code
    from footfall.store_process import run_store_process

    return run_store_process(settings, aggregate=True, listen_fd=int(descriptor), clock=clock)


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
