"""Lets a request read a site, or says why not: 401 without a token, 403 with another site's, 404 without a site."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request

from dashboard.access import EXPIRED, Grant, bearer_token, read_token
from dashboard.admission import Admission, admit_anyone, admit_public, admit_shared
from dashboard.context import Context, token_of
from dashboard.shares import Share
from schema.errors import RejectError

NO_TOKEN = "a token is needed to read this"  # noqa: S105 (a sentence)
OLD_TOKEN = "the token has expired"  # noqa: S105 (a sentence)
BAD_TOKEN = "the token is not whole, or not for this Footfall"  # noqa: S105 (a sentence)
OTHER_TOKEN = "the token is for another site"  # noqa: S105 (a sentence)
NO_SHARE = "the shared link opens nothing, or nothing any more"

SHARE_PARAMETER = "share"  # in the address, for links to files: the token of a shared link, never any other


def admit(context: Context, request: Request, domain: str) -> Admission:
    """Return how the request may read site `domain`.

    Whoever may not, cannot tell a site that exists from one that does not.

    Raises:
        HTTPException: 401, 403 or 404.
    """
    if share := _share_of(context, request):
        return _admit_share(context, share, domain)
    grant, site = context.grant_of(request), context.settings.site_of(domain)
    if site and (admission := admit_anyone(site, grant, context.settings.dashboard)):
        return admission
    if grant is None:
        raise no_token(context, request)
    if not grant.allows(domain):
        raise HTTPException(HTTPStatus.FORBIDDEN, OTHER_TOKEN)
    raise HTTPException(HTTPStatus.NOT_FOUND, "there is no such site")


def admit_link(context: Context, token: str, base: str) -> Admission:
    """Return how the holder of a shared link may read its site; `base` is the address of the page.

    Raises:
        HTTPException: 404: the link is none, or none any more.
    """
    try:
        share = context.shares.find(token, context.clock())
    except RejectError:
        raise HTTPException(HTTPStatus.NOT_FOUND, NO_SHARE) from None
    return _admit_share(context, share, share.site, base)


def admit_frame(context: Context, key: str) -> Admission:
    """Return how a page elsewhere may show a site in a frame: `key` is a shared link's token, or a public site.

    Raises:
        HTTPException: 404: neither, or not for frames.
    """
    base = f"/embed/{quote(key)}"
    site = context.settings.site_of(key)
    is_public = site is not None and site.public
    admission = (
        admit_public(site, context.settings.dashboard, base=base)
        if site and is_public
        else admit_link(context, key, base)
    )
    if not admission.frames:
        raise HTTPException(HTTPStatus.NOT_FOUND, NO_SHARE)
    return admission


def admit_operator(context: Context, request: Request) -> Grant:
    """Return the grant of a request that may see how Footfall itself does: it owns every site.

    Raises:
        HTTPException: 401 or 403.
    """
    grant = context.grant_of(request)
    if grant is None:
        raise no_token(context, request)
    if not grant.is_for_every_site:
        raise HTTPException(HTTPStatus.FORBIDDEN, OTHER_TOKEN)
    return grant


def no_token(context: Context, request: Request) -> HTTPException:
    """Return the 401 for a request that came without a token that opens anything."""
    problem = problem_of(context, token_of(request, is_secure=context.is_secure(request)))
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


def _share_of(context: Context, request: Request) -> Share | None:
    """The share whose token came with the request, if one did; a wrong one is refused, whatever else came with it."""
    if token := request.query_params.get(SHARE_PARAMETER, ""):
        try:
            return context.shares.find(token, context.clock())
        except RejectError:
            raise HTTPException(HTTPStatus.UNAUTHORIZED, NO_SHARE, {"WWW-Authenticate": "Bearer"}) from None
    try:
        return context.shares.find(bearer_token(request.headers.get("Authorization", "")), context.clock())
    except RejectError:
        return None


def _admit_share(context: Context, share: Share, domain: str, base: str = "") -> Admission:
    site = context.settings.site_of(share.site)
    if share.site != domain or site is None:
        raise HTTPException(HTTPStatus.FORBIDDEN, OTHER_TOKEN)
    base = base or f"/share/{context.shares.token_of(share)}"
    return admit_shared(site, share, base, context.settings.dashboard)
