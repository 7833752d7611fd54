"""Lets a request read a site, or says why not: 401 without a token, 403 with another site's, 404 without a site."""

from __future__ import annotations

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request

from dashboard.access import EVERY_SITE, EXPIRED, read_token, readable_sites
from dashboard.context import Context, token_of
from schema.errors import RejectError
from schema.settings import SiteSettings

NO_TOKEN = "a token is needed to read this"  # noqa: S105 (a sentence)
OLD_TOKEN = "the token has expired"  # noqa: S105 (a sentence)
BAD_TOKEN = "the token is not whole, or not for this Footfall"  # noqa: S105 (a sentence)
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
        raise no_token(context, request)
    if not grant.allows(domain):
        raise HTTPException(HTTPStatus.FORBIDDEN, OTHER_TOKEN)
    raise HTTPException(HTTPStatus.NOT_FOUND, "there is no such site")


def admit_operator(context: Context, request: Request) -> None:
    """Let the request pass if it may read every site.

    Raises:
        HTTPException: 401 or 403.
    """
    grant = context.grant_of(request)
    if grant is None:
        raise no_token(context, request)
    if grant.site != EVERY_SITE:
        raise HTTPException(HTTPStatus.FORBIDDEN, OTHER_TOKEN)


def no_token(context: Context, request: Request) -> HTTPException:
    """Return the 401 for a request that came without a token that opens anything."""
    problem = problem_of(context, token_of(request))
    return HTTPException(HTTPStatus.UNAUTHORIZED, problem, {"WWW-Authenticate": "Bearer"})


def problem_of(context: Context, token: str) -> str:
    """Return what is wrong with a token that opens nothing."""
    if not token:
        return NO_TOKEN
    try:
        read_token(context.secret, token, context.clock())
    except RejectError as error:
        return OLD_TOKEN if error.problem == EXPIRED else BAD_TOKEN
    return OTHER_TOKEN
