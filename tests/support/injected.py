"""A worker's spool without the worker: appends hits in a process of its own, so that its calls on the disk can fail.

`python -m support.injected SPOOL SOCKET PHASE` talks over the inherited socket only, by send and recv, which nobody
makes fail. It says `ready` before it makes the writer (PHASE start) or before it appends (PHASE work), waits for an
answer, and then says `+N` for each hit that was acknowledged and `-N` for each that was refused.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path

from collector.spool_writer import SpoolWriter
from schema.batch import DAY_MS
from schema.errors import SpoolUnavailableError
from schema.settings import SpoolSettings
from support.hits import at, pageview

NOON = at("12:00")
DAYS = (0, 0, 0, 1, 1)  # of each hit: two segments are created, appended to and sealed
SETTINGS = SpoolSettings(segment_seconds=300, min_free_bytes=0)
EXIT_FAILED = 1


def make_writer(spool_dir: Path) -> SpoolWriter:
    return SpoolWriter(SETTINGS, spool_dir, 1, lambda: NOON)


def append_all(writer: SpoolWriter, channel: socket.socket) -> None:
    """Offer one hit after the other, whatever became of those before, and say how each went; then close."""

    async def append() -> None:
        for number, day in enumerate(DAYS):
            try:
                await writer.append([pageview("12:00", number, at=NOON + day * DAY_MS)])
            except SpoolUnavailableError:
                channel.sendall(f"-{number}\n".encode())
            else:
                channel.sendall(f"+{number}\n".encode())

    asyncio.run(append())
    writer.close()


def main(spool_dir: Path, channel: socket.socket, phase: str) -> int:
    """Do it elsewhere first, so that nothing is imported late; then here."""
    said, _unheard = socket.socketpair()
    append_all(make_writer(spool_dir.with_name("warm-up")), said)
    if phase == "start":
        wait_for_go(channel)
        writer = make_writer(spool_dir)
    else:
        writer = make_writer(spool_dir)
        wait_for_go(channel)
    append_all(writer, channel)
    return EXIT_FAILED if writer.failure else 0


def wait_for_go(channel: socket.socket) -> None:
    channel.sendall(b"ready\n")
    channel.recv(1)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), socket.socket(fileno=int(sys.argv[2])), sys.argv[3]))
