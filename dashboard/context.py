"""What every endpoint needs: settings, reader, secret, clock, templates, and a few threads for the store."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.requests import Request

from dashboard.access import Grant, bearer_token, cookie_name, read_token
from dashboard.counts import Counts
from dashboard.reader import Reader
from dashboard.rendering import Templates
from schema.errors import RejectError, RetryError
from schema.settings import Settings

STORE_THREADS = 3  # each holds one connection of the store for good

Status = Callable[[], Mapping[str, object]]

Found = TypeVar("Found")


class Measures:
    """What /metrics tells of the dashboard itself: how long the store took, and how often it failed. No sites."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.store_failures = Counter(
            "footfall_dashboard_store_failures", "Times that the store did not answer", registry=self.registry
        )
        self.store_seconds = Histogram(
            "footfall_dashboard_store_seconds", "Time to read one page or answer from the store", registry=self.registry
        )


@dataclass(frozen=True)
class Context:
    """Made once by create_app; handed to each group of endpoints."""

    settings: Settings
    reader: Reader
    secret: str
    clock: Callable[[], int]
    status: Status | None
    templates: Templates
    measures: Measures = field(default_factory=Measures)
    threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(STORE_THREADS, thread_name_prefix="dashboard-store")
    )

    async def read(self, find: Callable[[Counts], Found]) -> Found:
        """Return what `find` finds in the counts; done in one of the store's threads, the event loop never waits."""
        with self.measures.store_seconds.time(), self.measures.store_failures.count_exceptions(RetryError):
            reader = contextvars.copy_context()  # how the request's reader writes numbers goes with it
            work = partial(reader.run, self.reader.read, find)
            return await asyncio.get_running_loop().run_in_executor(self.threads, work)

    def grant_of(self, request: Request) -> Grant | None:
        """Return what the request's token allows: that of its header, else of its cookie; None without a valid one."""
        token = token_of(request)
        if not token:
            return None
        try:
            return read_token(self.secret, token, self.clock())
        except RejectError:
            return None


def token_of(request: Request) -> str:
    """Return the token that came with the request, valid or not; empty without one."""
    bearer = bearer_token(request.headers.get("Authorization", ""))
    return bearer or request.cookies.get(cookie_name(request.url.scheme), "")
