"""What every endpoint of the API does: let the request in, count it, understand it, and ask the store."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request

from dashboard.admission import Admission
from dashboard.answer import Answer
from dashboard.api_limit import ApiLimit
from dashboard.context import Context, token_of
from dashboard.guard import admit
from dashboard.query import Query
from schema.settings import SiteSettings

Read = Callable[[SiteSettings, int, int], Query]  # site, milliseconds since the epoch, min_count


class Asking:
    """The way from a request to an answer."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._limit = ApiLimit(context.settings.dashboard.api_rate, context.clock)

    def admit(self, request: Request, domain: str) -> Admission:
        """Return how the request may read the site, and count the request.

        Raises:
            HTTPException: 401, 403, 404, or 429 with Retry-After.
        """
        admission = admit(self.context, request, domain)
        is_member = self.context.grant_of(request) is not None
        token = token_of(request, is_secure=self.context.is_secure(request)) if is_member else ""
        self._limit.count(token)
        return admission

    async def ask(self, request: Request, domain: str, read: Read) -> Answer:
        """Return the answer to the query that `read` makes.

        Raises:
            HTTPException: see `admit`.
            QueryError: it is not understood, or the counts cannot tell it.
        """
        admission = self.admit(request, domain)
        now_ms = self.context.clock()
        query = admission.restrict(read(admission.site, now_ms, admission.min_count))
        return await self.context.read(lambda counts: counts.ask(query, now_ms))
