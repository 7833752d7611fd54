"""Our own style, modules and map, at addresses that change with them: a browser keeps them, and asks no more."""

from __future__ import annotations

import re
from pathlib import Path

import xxhash
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

DIRECTORY = Path(__file__).parent / "static"
KEEP, ASK_EACH_TIME = "max-age=31536000, immutable", "no-cache"

_VERSION = re.compile(r"[0-9a-f]{16}")


def version_of(directory: Path = DIRECTORY) -> str:
    """Return what the address of every file begins with: other files, another version."""
    digest = xxhash.xxh3_64()
    for file in sorted(directory.rglob("*")):
        if file.is_file():
            digest.update(f"{file.relative_to(directory)}\0{file.stat().st_size}\0".encode() + file.read_bytes())
    return digest.hexdigest()


class VersionedFiles(StaticFiles):
    """`/{version}/{file}` of this version is to be kept; of another, as just before or after an update, it is not."""

    def __init__(self, version: str) -> None:
        super().__init__(directory=DIRECTORY)
        self._version = version

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with one file."""
        version, _, file = path.partition("/")
        response = await super().get_response(file if _VERSION.fullmatch(version) else path, scope)
        response.headers["Cache-Control"] = KEEP if version == self._version else ASK_EACH_TIME
        return response
