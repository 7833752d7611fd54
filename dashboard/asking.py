"""What every endpoint of the API does: let the request in, count it, understand it, and ask the store."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request

from dashboard.answer import Answer
from dashboard.api_limit import ApiLimit
from dashboard.context import Context, token_of
from dashboard.guard import admit
from dashboard.query import Query
from dashboard.rare import min_count_of
from schema.settings import SiteSettings

Read = Callable[[SiteSettings, int, int], Query]  # site, milliseconds since the epoch, min_count


class Asking:
    """The way from a request to an answer."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._limit = ApiLimit(context.settings.dashboard.api_rate, context.clock)

    def admit(self, request: Request, domain: str) -> SiteSettings:
        """Return the site that the request may read, and count the request.

        Raises:
            HTTPException: 401, 403, 404, or 429 with Retry-After.
        """
        site = admit(self.context, request, domain)
        self._limit.count(token_of(request) if self.context.grant_of(request) else "")
        return site

    async def ask(self, request: Request, domain: str, read: Read) -> Answer:
        """Return the answer to the query that `read` makes.

        Raises:
            HTTPException: see `admit`.
            QueryError: it is not understood, or the counts cannot tell it.
        """
        site = self.admit(request, domain)
        now_ms = self.context.clock()
        query = read(site, now_ms, min_count_of(self.context, request, site))
        return await self.context.read(lambda counts: counts.ask(query, now_ms))
