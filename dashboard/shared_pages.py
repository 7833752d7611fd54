"""GET /share/{token} and GET /embed/{key}: a site's page for who holds a link, and for a frame in somebody's page."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from dashboard.context import Context
from dashboard.guard import admit_frame, admit_link
from dashboard.pages import Pages
from dashboard.security import allow_frames


class SharedPages:
    """The same page as its members see, with the restrictions of the link; no cookie is read or set for it."""

    def __init__(self, context: Context, pages: Pages) -> None:
        self._context = context
        self._pages = pages

    async def share(self, request: Request) -> Response:
        """Show the site of a shared link."""
        token = request.path_params["token"]
        return await self._pages.show(request, admit_link(self._context, token, f"/share/{quote(token)}"))

    async def embed(self, request: Request) -> Response:
        """Show a site in a frame, on pages of the origins that its owner has named."""
        admission = admit_frame(self._context, request.path_params["key"])
        return allow_frames(await self._pages.show(request, admission, is_embedded=True), admission.frames)
