"""The snippet under the path that the owner chose: `script.js`, `script.FEATURES.js`, and versions of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from collector.script_sections import Script, make_script, pack_script
from schema.pinned import pinned_path
from schema.settings import Settings
from schema.snippet import DEFAULT_PATH

_AN_HOUR = "public, max-age=3600"
_FOR_GOOD = "public, max-age=31536000, immutable"
_HEADERS = {
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
    "vary": "accept-encoding",
    "x-content-type-options": "nosniff",
}


def script_routes(settings: Settings) -> list[Route]:
    """Return the routes: below the owner's path, and below the usual one, which pages may have from before."""
    endpoint = make_script_endpoint(settings)
    stems = dict.fromkeys(path.removesuffix(".js") for path in (settings.collector.script_path, DEFAULT_PATH))
    return [Route(f"{stem}{rest}", endpoint) for stem in stems for rest in (".js", ".{names}.js")]


def make_script_endpoint(settings: Settings) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint. Its parameter `names`: features, separated by dots, at the end perhaps `v` and a version."""

    async def script(request: Request) -> Response:
        names = tuple(filter(None, request.path_params.get("names", "").split(".")))
        version = names[-1][1:] if names and names[-1].startswith("v") else ""
        features = names[:-1] if version else names
        found = make_script(features or settings.collector.script_features)
        if version and (found is None or found.version != version):
            found = _read_pinned(settings.data_dir, version)
        if found is None:
            return Response("no such script\n", 404, {**_HEADERS, "cache-control": "no-store"}, "text/plain")
        return _answer(found, request, _FOR_GOOD if version else _AN_HOUR)

    return script


def _answer(script: Script, request: Request, caching: str) -> Response:
    is_compressed = "gzip" in request.headers.get("accept-encoding", "")
    etag = f'"{script.version}{"-gzip" if is_compressed else ""}"'
    headers = {**_HEADERS, "cache-control": caching, "etag": etag}
    known = request.headers.get("if-none-match", "")
    if etag in (tag.strip().removeprefix("W/") for tag in known.split(",")):
        return Response(status_code=304, headers=headers)
    if is_compressed:
        headers["content-encoding"] = "gzip"
    return Response(script.compressed if is_compressed else script.content, 200, headers, "text/javascript")


def _read_pinned(data_dir: Path, version: str) -> Script | None:
    """Return the script that `footfall snippet --pin` kept under this version, if it did and it is still whole."""
    path = pinned_path(data_dir, version)
    try:
        script = pack_script(path.read_bytes()) if path else None
    except OSError:
        return None
    return script if script and script.version == version else None
