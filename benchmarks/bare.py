"""The yardstick: the smallest ASGI application that reads the body and answers 202, on the port given."""

from __future__ import annotations

import sys
from typing import Any

import uvicorn

START = {
    "type": "http.response.start",
    "status": 202,
    "headers": [(b"content-type", b"text/plain"), (b"content-length", b"2")],
}
BODY = {"type": "http.response.body", "body": b"ok"}


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Read the whole body and answer 202."""
    while (await receive()).get("more_body"):
        pass
    await send(START)
    await send(BODY)


if __name__ == "__main__":
    uvicorn.run(
        application,
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        lifespan="off",
        access_log=False,
        log_level="error",
    )
