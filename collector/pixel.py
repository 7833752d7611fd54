"""GET /pixel.gif: a pageview from pages without JavaScript, as an image that shows nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from collector.intake import Intake
from schema.errors import BeaconError, NotNowError, TooManyBeaconsError

# One transparent pixel: header, a palette of two, "the first colour is transparent", the image, the end.
GIF = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff"
    b"!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
_HEADERS = {
    "access-control-allow-origin": "*",
    "cache-control": "no-store",
    "cross-origin-resource-policy": "cross-origin",
}


def make_pixel(intake: Intake) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint. Parameters: `u` the page (default: the Referer), `d` the site, `r` the page's referrer."""

    async def pixel(request: Request) -> Response:
        if request.method == "HEAD":
            return _image(200)
        asked = request.query_params
        wire = {
            "n": "pageview",
            "u": asked.get("u") or request.headers.get("referer"),
            "d": asked.get("d"),
            "r": asked.get("r"),
        }
        try:
            rejections = await intake.take(msgspec.json.encode(wire), request.scope)
        except BeaconError:
            return _image(400)
        except NotNowError as error:
            status = 429 if isinstance(error, TooManyBeaconsError) else 503
            return _image(status, {"retry-after": str(error.retry_after)})
        return _image(200, {"x-footfall-rejected": ", ".join(rejections)} if rejections else {})

    return pixel


def _image(status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(GIF, status, {**_HEADERS, **(headers or {})}, "image/gif")
