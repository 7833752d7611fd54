"""GET /js/script.js: the snippet, as it was built from `js-snippet/`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.resources import files

import xxhash
from starlette.requests import Request
from starlette.responses import Response

_MAX_AGE_SECONDS = 3600


def make_script() -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint; the file is read once."""
    content = (files("collector") / "static" / "script.js").read_bytes()
    etag = f'"{xxhash.xxh3_64_hexdigest(content)}"'
    headers = {
        "access-control-allow-origin": "*",
        "cache-control": f"public, max-age={_MAX_AGE_SECONDS}",
        "cross-origin-resource-policy": "cross-origin",
        "etag": etag,
        "x-content-type-options": "nosniff",
    }

    async def script(request: Request) -> Response:
        known = request.headers.get("if-none-match", "")
        if etag in (tag.strip().removeprefix("W/") for tag in known.split(",")):
            return Response(status_code=304, headers=headers)
        return Response(content, 200, headers, "text/javascript")

    return script
