"""Whether a form was sent by one of our own pages: nobody else's may sign anyone in or out."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request

from schema.settings import Settings


def is_from_own_page(request: Request, settings: Settings) -> bool:
    """Whether the browser says so, by Sec-Fetch-Site or else by Origin; without either it is none that could be used.

    Browsers send Sec-Fetch-Site over https and on this machine, Origin with every form.
    """
    if site := request.headers.get("Sec-Fetch-Site"):
        return site == "same-origin"
    if (origin := request.headers.get("Origin")) is None:
        return True
    own = {request.headers.get("Host", ""), urlsplit(settings.dashboard.url).netloc}
    return urlsplit(origin).netloc in own - {""}


def safe_path(path: str) -> str:
    """Return `path` if it is one of this dashboard's own, to go to after signing in; else the start page."""
    is_own = path.startswith("/") and not path.startswith("//") and path.isprintable() and "\\" not in path
    return path if is_own and not path.startswith(("/login", "/logout")) else "/"
