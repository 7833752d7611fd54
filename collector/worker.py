"""One collector process: takes beacons from a socket that it was given until it is told to stop, or its disk fails."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import resource
import signal
import socket
from collections.abc import Awaitable, Callable

import uvicorn

from collector.app import create_app
from collector.clock import Clock, Milliseconds
from collector.connection import Connection
from collector.connections import SPARE_CONNECTIONS, SweptServer
from collector.core_dumps import forbid_core_dumps
from collector.day_key import DayKey
from collector.memory_directory import find_memory_directory
from collector.metric_files import metrics_directory
from collector.metrics import watch
from collector.spool_writer import SpoolWriter
from collector.tally import WorkerTally
from schema.settings import Settings

EXIT_STOPPED, EXIT_SPOOL_FAILED = 0, 1
EXIT_DAY_OVER = 3
_MAX_CONNECTIONS = 4096  # above it, those that have been silent longest make room
_BACKLOG = 2048  # connections that may wait to be accepted, and are then accepted all at once
_OTHER_FILES = 256
_KEEP_ALIVE_SECONDS = 75  # longer than a proxy in front keeps its end open, so that it never writes into a closed one
_STOP_SECONDS = 5
_PAUSE_SECONDS = 3  # from the end of one worker at midnight to that of the next, which is served by the first then
_SAMPLE_SECONDS = 1  # at least, between two looks at queue and connections for the metrics
_COLLECT_AFTER = (20_000, 20, 50)  # objects, collections of the youngest, collections of the middle generation

log = logging.getLogger("footfall.collector")


def run_worker(
    settings: Settings, listen_fd: int, clock: Milliseconds | None = None, worker_number: int | None = None
) -> int:
    """Serve the listening socket `listen_fd` until SIGTERM or SIGINT; return the exit code.

    Also returns soon after midnight (EXIT_DAY_OVER): the hash leaves copies of its key in memory that it gives back,
    and a process is all that surely takes them along. Another has to go on with `listen_fd`, which is still open.

    `worker_number` is the supervisor's, under which the worker keeps its metrics; without one there are none.

    Raises:
        DayKeyError: there is no place for the day key.
    """
    # 1. What holds for the process.
    forbid_core_dumps()
    most_connections = _raise_file_limit()
    clock = Clock() if clock is None else Clock(clock)

    # 2. What it needs.
    day_key = DayKey(find_memory_directory(settings.data_dir))
    day_key.current(clock())

    def stop(*_: object) -> None:
        server.should_exit = True

    metrics = None
    if worker_number is not None:
        metrics = watch(metrics_directory(settings.data_dir), worker_number, settings.site)
    spool = SpoolWriter(
        settings.spool,
        settings.spool_dir,
        settings.node,
        clock,
        on_failure=stop,
        observer=metrics,
        tally=WorkerTally(),
    )

    async def sample() -> None:
        if metrics is not None:
            metrics.sample(queue_records=spool.waiting_records, connections=len(server.server_state.connections))

    is_day_over = is_told_to_stop = False

    def end_day() -> None:
        nonlocal is_day_over
        is_day_over = True
        asyncio.get_running_loop().call_later(_PAUSE_SECONDS * ((worker_number or 1) - 1), stop)

    def obey(*_: object) -> None:
        nonlocal is_told_to_stop
        is_told_to_stop = True
        stop()

    app = create_app(settings, spool, day_key, clock, end_day)
    server = SweptServer(_config(app, most_connections, sample))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, obey)  # uvicorn takes over, and raises the signal again when it has finished

    # 3. Serve; then seal what was written.
    _settle_memory()
    try:
        with socket.socket(fileno=os.dup(listen_fd)) as listener:
            server.run(sockets=[listener])
    finally:
        spool.close()
        if metrics is not None:
            metrics.close()
    if spool.failure:
        return EXIT_SPOOL_FAILED
    return EXIT_DAY_OVER if is_day_over and not is_told_to_stop else EXIT_STOPPED


def _config(app: object, most_connections: int, sample: Callable[[], Awaitable[None]]) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]  # Starlette's ASGI types are wider than uvicorn's
        loop="uvloop",
        http=Connection,
        ws="none",
        log_config=None,
        log_level=logging.WARNING,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # client_address.py decides whom to believe
        limit_concurrency=most_connections,
        backlog=_BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_STOP_SECONDS,
        callback_notify=sample,
        timeout_notify=_SAMPLE_SECONDS,
    )


def _settle_memory() -> None:
    """Leave what is there now out of garbage collection, and collect seldom: requests leave no cycles behind.

    With the usual threshold of 700 objects, those of the requests that wait for the disk are looked through again
    and again, a tenth of all the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)


def _raise_file_limit() -> int:
    """Allow as many open files as connections and all else need; return how many connections may be open."""
    reserved = SPARE_CONNECTIONS + _BACKLOG + _OTHER_FILES
    wanted = _MAX_CONNECTIONS + reserved
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        soft = min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(_MAX_CONNECTIONS, max(soft - reserved, soft // 4))
