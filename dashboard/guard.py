"""Lets a request read a site, or says why not: 401 without a token, 403 with another site's, 404 without a site."""

from __future__ import annotations

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request

from dashboard.access import readable_sites
from dashboard.context import Context, token_of
from schema.settings import SiteSettings

NO_TOKEN = "a token is needed to read this"  # noqa: S105 (a sentence)
OLD_TOKEN = "the token has expired, or is not whole"  # noqa: S105 (a sentence)
OTHER_TOKEN = "the token is for another site"  # noqa: S105 (a sentence)


def admit(context: Context, request: Request, domain: str) -> SiteSettings:
    """Return the settings of site `domain` if the request may read it.

    Whoever may not, cannot tell a site that exists from one that does not.

    Raises:
        HTTPException: 401, 403 or 404.
    """
    grant = context.grant_of(request)
    for site in readable_sites(context.settings, grant):
        if site.domain == domain:
            return site
    if grant is None:
        raise no_token(request)
    if not grant.allows(domain):
        raise HTTPException(HTTPStatus.FORBIDDEN, OTHER_TOKEN)
    raise HTTPException(HTTPStatus.NOT_FOUND, "there is no such site")


def no_token(request: Request) -> HTTPException:
    """Return the 401 for a request that came without a valid token."""
    problem = OLD_TOKEN if token_of(request) else NO_TOKEN
    return HTTPException(HTTPStatus.UNAUTHORIZED, problem, {"WWW-Authenticate": "Bearer"})
