"""Who may read which site: grants, and the signed tokens that carry them. Pure, but for new ids."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from enum import StrEnum

from itsdangerous import BadSignature, URLSafeSerializer

from schema.batch import DAY_MS
from schema.check_dashboard import EVERY_SITE
from schema.errors import RejectError
from schema.settings import Settings, SiteSettings

EXPIRED = "has expired"
ID_BYTES = 8

_SALT = "footfall dashboard token"
_BEARER = re.compile(r"Bearer +(\S+)", re.IGNORECASE)


class Role(StrEnum):
    """What someone is to a site. Its owner sees all, a viewer the numbers, others numbers with rare ones folded."""

    OWNER = "owner"
    VIEWER = "viewer"
    SHARED = "shared"  # has a link to it
    PUBLIC = "public"


@dataclass(frozen=True)
class Grant:
    """What a token or a user may read, until `expires_at`, milliseconds since the epoch; `*` is every site."""

    owner: tuple[str, ...]
    expires_at: int
    viewer: tuple[str, ...] = ()
    id: str = ""  # by which it is revoked
    user: str = ""  # empty for a token

    def role_of(self, domain: str) -> Role | None:
        """Return the role on a site; None if it may not be read."""
        if {EVERY_SITE, domain} & set(self.owner):
            return Role.OWNER
        return Role.VIEWER if {EVERY_SITE, domain} & set(self.viewer) else None

    def allows(self, domain: str) -> bool:
        """Whether it lets its bearer read `domain`."""
        return self.role_of(domain) is not None

    @property
    def is_for_every_site(self) -> bool:
        """Whether its bearer owns all sites, and so may see how Footfall itself does."""
        return EVERY_SITE in self.owner


def make_token(secret: str, site: str, days: int, now_ms: int, *, role: Role = Role.OWNER, token_id: str = "") -> str:
    """Return a token for `site` that is valid for `days` days; safe in an address."""
    return signer(secret, _SALT).dumps([site, now_ms + days * DAY_MS, token_id or new_id(), role.value])


def read_token(secret: str, token: str, now_ms: int) -> Grant:
    """Return what `token` allows, unless it was revoked.

    Raises:
        RejectError: it was not signed with `secret`, or has expired.
    """
    try:
        site, expires_at, token_id, role = signer(secret, _SALT).loads(token)
    except (BadSignature, ValueError, TypeError):
        raise RejectError("token", "is not one of ours, or not whole") from None
    if now_ms >= expires_at:
        raise RejectError("token", EXPIRED)
    if role == Role.OWNER:
        return Grant((site,), expires_at, id=token_id)
    return Grant((), expires_at, (site,), id=token_id)


def bearer_token(authorization: str) -> str:
    """Return the token of an Authorization header; empty if it has none."""
    match = _BEARER.fullmatch(authorization)
    return match[1] if match else ""


def cookie_name(*, is_secure: bool) -> str:
    """Return the name of the cookie that signs in; over https, one that no other host or path can set."""
    return "__Host-footfall" if is_secure else "footfall"


def readable_sites(settings: Settings, grant: Grant | None) -> list[SiteSettings]:
    """Return the sites that whoever holds `grant` may read; public ones need none."""
    return [site for site in settings.site if site.public or (grant is not None and grant.allows(site.domain))]


def new_id() -> str:
    """Return an id that nobody can guess, and that is good for a file's name."""
    return secrets.token_hex(ID_BYTES)


def signer(secret: str, salt: str) -> URLSafeSerializer:
    """Return what signs JSON with `secret`, for the one purpose that `salt` names."""
    if not secret:
        raise ValueError("nothing can be signed without a secret")
    return URLSafeSerializer(secret, salt=salt)
