"""The process that owns the store: the aggregator's loop in a thread, the dashboard beside it, or one of the two."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable
from datetime import date
from types import FrameType

import uvicorn
from starlette.applications import Starlette

from aggregator.closed_day import keep_today_closed
from aggregator.run import Aggregator
from collector.scrape import CollectorScrape
from dashboard.app import NO_REPORTS, create_app
from dashboard.operator import Reports
from footfall.clock import utc_now_ms
from footfall.process import own_directory
from footfall.secret import token_secret
from schema import migrate
from schema.fence import check_fence
from schema.settings import Settings
from schema.store import open_store

_LEDGER_SECONDS = 20.0  # for a live snapshot that shows all, which is taken less often when it takes long
_STOP_SECONDS = 5  # then requests under way are dropped: one that never ends must not keep the store

log = logging.getLogger("footfall.store")


def run_store_process(
    settings: Settings, *, aggregate: bool, listen_fd: int | None, clock: Callable[[], int] = utc_now_ms
) -> int:
    """Open and migrate the store, then count, answer, or both until SIGTERM; return the exit code.

    Raises:
        DataDirInUseError: another process owns the store or the spool.
        MigrationError: the store is newer than this version.
    """
    process = StoreProcess(settings, clock)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, process.on_signal)
    return process.run(aggregate, listen_fd)


class StoreProcess:
    """One life of the process. If the aggregator ends by itself, so does all of it: the supervisor starts it again."""

    def __init__(self, settings: Settings, clock: Callable[[], int]) -> None:
        self._settings = settings
        self._clock = clock
        self._stop = threading.Event()
        self._failed = False

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        """Begin to stop."""
        self._stop.set()

    def run(self, aggregate: bool, listen_fd: int | None) -> int:
        """Open, run, close; return the exit code."""
        spool_lock = own_directory(self._settings.spool_dir, "aggregator.lock") if aggregate else None
        check_fence(self._settings.spool_dir, self._clock())
        if aggregate:
            keep_today_closed(self._settings, self._clock())
        self._store = open_store(self._settings)
        for migration in migrate.apply(self._store):
            log.info("the store has had migration %04d, %s", migration.number, migration.name)
        aggregator = Aggregator(self._settings, self._store, self._clock) if aggregate else None
        counting = threading.Thread(target=self._count, args=(aggregator,), name="aggregator")
        counting.start()
        try:
            if listen_fd is not None:
                self._answer(aggregator, listen_fd)
            self._stop.wait()
        finally:
            self._stop.set()  # whichever half fails, neither goes on alone
            counting.join()
        self._store.close()
        if spool_lock is not None:
            os.close(spool_lock)
        return int(self._failed)

    def _count(self, aggregator: Aggregator | None) -> None:
        if aggregator is None:
            return
        try:
            aggregator.run(self._stop)
        except BaseException:
            self._failed = True
            log.exception("the aggregator failed; its process ends and is started again")
        finally:
            self._stop.set()

    def _answer(self, aggregator: Aggregator | None, listen_fd: int) -> None:
        status = aggregator.status if aggregator else None
        secret, figures = token_secret(self._settings), (CollectorScrape(self._settings),)
        reports = self._reports(aggregator) if aggregator else NO_REPORTS
        app = create_app(self._settings, self._store, secret, self._clock, status, figures=figures, reports=reports)
        server = uvicorn.Server(_config(app))
        threading.Thread(target=self._end_with_stop, args=(server,), name="dashboard-stop", daemon=True).start()
        with socket.socket(fileno=listen_fd) as listener:
            server.run(sockets=[listener])
        self._stop.set()

    def _reports(self, aggregator: Aggregator) -> Reports:
        def ledger(day: date | None) -> object:
            return aggregator.ledger(day, _LEDGER_SECONDS)

        def batches(day: date | None) -> object:
            return None if day is None else aggregator.batches(day)

        return {"ledger": ledger, "batches": batches, "stored": aggregator.stored}

    def _end_with_stop(self, server: uvicorn.Server) -> None:
        self._stop.wait()
        server.should_exit = True


def _config(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the peer's address decides who is told more by /health/ready: nobody else's word counts
        timeout_graceful_shutdown=_STOP_SECONDS,
    )
