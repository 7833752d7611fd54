"""Who may read which site: signed tokens that expire, in a cookie or a bearer header. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from itsdangerous import BadSignature, URLSafeSerializer

from schema.batch import DAY_MS
from schema.errors import RejectError
from schema.settings import Settings, SiteSettings

EVERY_SITE = "*"
EXPIRED = "has expired"

_SALT = "footfall dashboard token"
_BEARER = re.compile(r"Bearer +(\S+)", re.IGNORECASE)


@dataclass(frozen=True)
class Grant:
    """What a token allows: to read `site` (`*`: every site) until `expires_at`, milliseconds since the epoch."""

    site: str
    expires_at: int

    def allows(self, domain: str) -> bool:
        """Whether it lets its bearer read `domain`."""
        return self.site in (EVERY_SITE, domain)


def make_token(secret: str, site: str, days: int, now_ms: int) -> str:
    """Return a token for `site` that is valid for `days` days; safe in an address."""
    return _serializer(secret).dumps([site, now_ms + days * DAY_MS])


def read_token(secret: str, token: str, now_ms: int) -> Grant:
    """Return what `token` allows.

    Raises:
        RejectError: it was not signed with `secret`, or has expired.
    """
    try:
        site, expires_at = _serializer(secret).loads(token)
    except (BadSignature, ValueError, TypeError):
        raise RejectError("token", "is not one of ours, or not whole") from None
    if now_ms >= expires_at:
        raise RejectError("token", EXPIRED)
    return Grant(site, expires_at)


def bearer_token(authorization: str) -> str:
    """Return the token of an Authorization header; empty if it has none."""
    match = _BEARER.fullmatch(authorization)
    return match[1] if match else ""


def cookie_name(scheme: str) -> str:
    """Return the name of the cookie that holds the token; over https, one that no other host or path can set."""
    return "__Host-footfall" if scheme == "https" else "footfall"


def readable_sites(settings: Settings, grant: Grant | None) -> list[SiteSettings]:
    """Return the sites that whoever holds `grant` may read; public ones need none."""
    return [site for site in settings.site if site.public or (grant is not None and grant.allows(site.domain))]


def _serializer(secret: str) -> URLSafeSerializer:
    if not secret:
        raise ValueError("tokens cannot be signed without a secret")
    return URLSafeSerializer(secret, salt=_SALT)
