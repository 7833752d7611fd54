"""An admission: which site a request may read, as whom, and what every question of it is restricted to. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import quote

from dashboard.access import Grant, Role
from dashboard.query import Condition, Query
from dashboard.shares import Share
from schema.errors import QueryError
from schema.settings import DashboardSettings, SiteSettings


@dataclass(frozen=True)
class Admission:
    """Made by `guard`. Whoever asks the counts for a reader, asks what `restrict` returns."""

    site: SiteSettings
    role: Role
    base: str  # the address of the site's page for this reader
    min_count: int  # rows with fewer people are folded into one
    segment: tuple[Condition, ...] = ()  # always holds, and cannot be taken away
    share: Share | None = None
    is_for_every_site: bool = False
    frames: tuple[str, ...] = ()  # origins whose pages may show it in a frame

    @property
    def token(self) -> str:
        """That of the shared link, which its files need too; empty without one."""
        return self.base.rpartition("/")[2] if self.share else ""

    @property
    def is_member(self) -> bool:
        """Whether it is for someone who signed in, or holds a token."""
        return self.role in (Role.OWNER, Role.VIEWER)

    @property
    def may_see_ledger(self) -> bool:
        """Whether rejected beacons and the ledger are shown."""
        return self.role is Role.OWNER

    @property
    def may_see_live(self) -> bool:
        """Whether the number of open visits may be told: it is that of the whole site."""
        return not self.segment

    def restrict(self, query: Query) -> Query:
        """Return `query` as it may be asked: with the segment, and with rare values folded. Twice is as good as once.

        Raises:
            QueryError: it is about another site.
        """
        if query.site != self.site.domain:
            raise QueryError("site_id", "is another site than the one that was asked for")
        return replace(query, segment=self.segment, min_count=max(query.min_count, self.min_count))


def admit_member(site: SiteSettings, role: Role, grant: Grant, settings: DashboardSettings) -> Admission:
    """Return the admission of a grant's bearer."""
    return Admission(site, role, _own_address(site), settings.min_count, is_for_every_site=grant.is_for_every_site)


def admit_anyone(site: SiteSettings, grant: Grant | None, settings: DashboardSettings) -> Admission | None:
    """Return how whoever holds `grant`, or nothing, may read `site`; None: not at all."""
    if grant and (role := grant.role_of(site.domain)):
        return admit_member(site, role, grant, settings)
    return admit_public(site, settings) if site.public else None


def admit_public(site: SiteSettings, settings: DashboardSettings, *, base: str = "") -> Admission:
    """Return the admission of anyone to a public site."""
    return Admission(site, Role.PUBLIC, base or _own_address(site), _shared_min_count(settings), frames=site.embed)


def admit_shared(site: SiteSettings, share: Share, base: str, settings: DashboardSettings) -> Admission:
    """Return the admission of who holds a shared link."""
    return Admission(
        site, Role.SHARED, base, _shared_min_count(settings), share.conditions, share, frames=tuple(share.embed)
    )


def _own_address(site: SiteSettings) -> str:
    return f"/{quote(site.domain)}"


def _shared_min_count(settings: DashboardSettings) -> int:
    return max(settings.min_count, settings.shared_min_count)
