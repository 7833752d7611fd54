"""What the settings of the dashboard must be beyond their types: users and their sites, addresses, origins."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from schema.errors import SettingError
from schema.settings import Settings, UserSettings

EVERY_SITE = "*"
USER_NAME = re.compile(r"[^\s\x00-\x1f\x7f]{1,64}")
_ARGON2 = re.compile(r"\$argon2id\$v=19\$m=[0-9]{1,7},t=[0-9]{1,2},p=[0-9]{1,2}(\$[A-Za-z0-9+/]{11,}){2}")
_ORIGIN = re.compile(r"https?://(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?")
MOST_FOLDED = 1_000_000


def check_dashboard(settings: Settings) -> None:
    """Return if the dashboard's settings make sense.

    Raises:
        SettingError: one does not.
    """
    dashboard = settings.dashboard
    for name in ("min_count", "shared_min_count"):
        if not 0 <= getattr(dashboard, name) <= MOST_FOLDED:
            raise SettingError(f"dashboard.{name}", getattr(dashboard, name), f"a whole number from 0 to {MOST_FOLDED}")
    if dashboard.url and not _is_origin(dashboard.url):
        raise SettingError(
            "dashboard.url", dashboard.url, "an address without a path such as https://stats.example.com"
        )
    seen: set[str] = set()
    for user in dashboard.users:
        _check_user(user, {site.domain for site in settings.site})
        if user.name.casefold() in seen:
            raise SettingError("dashboard.users.name", user.name, "each name once, in capitals or not")
        seen.add(user.name.casefold())


def check_origins(name: str, origins: tuple[str, ...]) -> None:
    """Return if each is an origin: scheme, host, port.

    Raises:
        SettingError: one is not.
    """
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise SettingError(name, origin, "origins such as https://example.com, without a path")


def _check_user(user: UserSettings, domains: set[str]) -> None:
    if not USER_NAME.fullmatch(user.name):
        raise SettingError("dashboard.users.name", user.name, "1 to 64 characters without spaces")
    if not _ARGON2.fullmatch(user.password):
        raise SettingError("dashboard.users.password", "…", "an argon2id hash, as `footfall user add` prints it")
    if not user.owner and not user.viewer:
        raise SettingError("dashboard.users", user.name, "at least one site in owner or viewer")
    for role in ("owner", "viewer"):
        for site in getattr(user, role):
            if site not in domains and site != EVERY_SITE:
                raise SettingError(f"dashboard.users.{role}", site, f"one of {', '.join(sorted(domains))}, or *")


def _is_origin(url: str) -> bool:
    parts = urlsplit(url)
    return bool(_ORIGIN.fullmatch(url)) and "*" not in url and bool(parts.hostname)
