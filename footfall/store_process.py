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
from aggregator.restoring import refuse_half_restored
from aggregator.run import Aggregator
from collector.scrape import CollectorScrape
from dashboard.app import NO_REPORTS, create_app
from dashboard.operator import Reports
from footfall.clock import utc_now_ms
from footfall.process import own_directory
from footfall.secret import token_secret
from footfall.store_opening import open_for_counting, open_for_reading
from schema.errors import StopError
from schema.fence import check_fence
from schema.settings import Settings
from schema.store import Store

_LEDGER_SECONDS = 20.0  # for a live snapshot that shows all, which is taken less often when it takes long
_STOP_SECONDS = 5  # then requests under way are dropped: one that never ends must not keep the store

log = logging.getLogger("footfall.store")


def run_store_process(
    settings: Settings, *, aggregate: bool, listen_fd: int | None, clock: Callable[[], int] = utc_now_ms
) -> int:
    """Open and migrate the store, then count, answer, or both until SIGTERM; return the exit code.

    A server that does not answer is waited for, with all that can be done meanwhile.

    Raises:
        DataDirInUseError: another process owns the embedded store or the spool.
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
        self._stopped_by: StopError | None = None

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        """Begin to stop."""
        self._stop.set()

    def run(self, aggregate: bool, listen_fd: int | None) -> int:
        """Open, run, close; return the exit code."""
        refuse_half_restored(self._settings.archive_dir)
        spool_lock = own_directory(self._settings.spool_dir, "aggregator.lock") if aggregate else None
        check_fence(self._settings.spool_dir, self._clock())
        if aggregate:
            keep_today_closed(self._settings, self._clock())
        store = open_for_counting(self._settings) if aggregate else None
        aggregator = Aggregator(self._settings, store, self._clock) if store else None
        read = store if store and not self._settings.store.read_url else open_for_reading(self._settings)
        counting = threading.Thread(target=self._count, args=(aggregator,), name="aggregator")
        counting.start()
        try:
            if listen_fd is not None:
                self._answer(aggregator, read, listen_fd)
            self._stop.wait()
        finally:
            self._stop.set()  # whichever half fails, neither goes on alone
            counting.join()
        read.close()
        if store is not None and store is not read:
            store.close()
        if spool_lock is not None:
            os.close(spool_lock)
        if self._stopped_by is not None:
            raise self._stopped_by
        return int(self._failed)

    def _count(self, aggregator: Aggregator | None) -> None:
        if aggregator is None:
            return
        try:
            aggregator.run(self._stop)
        except StopError as error:  # a start again would end the same way
            self._stopped_by = error
        except BaseException:
            self._failed = True
            log.exception("the aggregator failed; its process ends and is started again")
        finally:
            self._stop.set()

    def _answer(self, aggregator: Aggregator | None, store: Store, listen_fd: int) -> None:
        status = aggregator.status if aggregator else None
        secret, figures = token_secret(self._settings), (CollectorScrape(self._settings),)
        reports = self._reports(aggregator) if aggregator else NO_REPORTS
        app = create_app(self._settings, store, secret, self._clock, status, figures=figures, reports=reports)
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
