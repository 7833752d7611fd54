"""From how many people on a value is told by name: the owner's setting, and that for shared and public views. Pure."""

from __future__ import annotations

from starlette.requests import Request

from dashboard.context import Context
from schema.settings import SiteSettings


def min_count_of(context: Context, request: Request, site: SiteSettings) -> int:
    """Return the `min_count` for what the request may read of `site`: that of shared views for all but its owner."""
    grant = context.grant_of(request)
    settings = context.settings.dashboard
    return settings.min_count if grant is not None and grant.allows(site.domain) else settings.shared_min_count
