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
from dashboard.revocations import Revocations
from dashboard.sessions import Session
from dashboard.shares import Shares
from dashboard.users import Users
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
    users: Users = field(init=False)
    shares: Shares = field(init=False)
    revocations: Revocations = field(init=False)
    threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(STORE_THREADS, thread_name_prefix="dashboard-store")
    )

    def __post_init__(self) -> None:
        directory = self.settings.access_dir
        revocations = Revocations(directory)
        users = Users(self.settings.dashboard.users, self.secret, revocations, self.clock)
        object.__setattr__(self, "revocations", revocations)
        object.__setattr__(self, "shares", Shares(directory, self.secret))
        object.__setattr__(self, "users", users)

    async def read(self, find: Callable[[Counts], Found]) -> Found:
        """Return what `find` finds in the counts; done in one of the store's threads, the event loop never waits."""
        with self.measures.store_seconds.time(), self.measures.store_failures.count_exceptions(RetryError):
            reader = contextvars.copy_context()  # how the request's reader writes numbers goes with it
            work = partial(reader.run, self.reader.read, find)
            return await asyncio.get_running_loop().run_in_executor(self.threads, work)

    def grant_of(self, request: Request) -> Grant | None:
        """Return what the request may read: by its header's token, else by its cookie; None without a valid one."""
        if session := self.session_of(request):
            return self.users.grant_of(session)
        now_ms = self.clock()
        try:
            grant = read_token(self.secret, token_of(request, is_secure=self.is_secure(request)), now_ms)
        except RejectError:
            return None
        return None if self.revocations.is_revoked(grant.id, now_ms) else grant

    def session_of(self, request: Request) -> Session | None:
        """Return the session of the request's cookie if it goes on; a header's token goes before it."""
        if request.headers.get("Authorization"):
            return None
        return self.users.session_of(token_of(request, is_secure=self.is_secure(request)))

    def is_secure(self, request: Request) -> bool:
        """Whether people's browsers come by https: to us, or to what stands in front of us by the settings."""
        return request.url.scheme == "https" or self.settings.dashboard.url.startswith("https://")


def token_of(request: Request, *, is_secure: bool) -> str:
    """Return the token or session that came with the request, valid or not; empty without one."""
    bearer = bearer_token(request.headers.get("Authorization", ""))
    return bearer or request.cookies.get(cookie_name(is_secure=is_secure), "")
