"""What a browser says of itself in client hints, those that it sends unasked: brand, mobile or not, system."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

_HINTS = 3  # brands, mobile, platform
_MAX_BYTES = 512  # of all three: browsers send three or four brands
_BRAND = re.compile(r'"((?:[^"\\]|\\.){1,64})"\s*;\s*v="(\d{1,3})(?:\.[\d.]*)?"')
_HEADLESS = "HeadlessChrome"

# The first of these that is among the brands is the browser's name. Browsers make some brands up: they are passed over.
_BRANDS = {
    "Microsoft Edge": "Edge",
    "Microsoft Edge WebView2": "Edge",
    "Opera": "Opera",
    "Opera GX": "Opera",
    "OperaMobile": "Opera",
    "Opera Mini Android": "Opera",
    "Brave": "Brave",
    "Vivaldi": "Vivaldi",
    "DuckDuckGo": "DuckDuckGo",
    "Ecosia": "Ecosia",
    "Samsung Internet": "Samsung Internet",
    "YaBrowser": "Yandex Browser",
    "Yandex": "Yandex Browser",
    "Whale": "Whale",
    "Amazon Silk": "Silk",
    "Silk": "Silk",
    "QQBrowser": "QQ Browser",
    "Android WebView": "Android WebView",
    "Google Chrome": "Chrome",
    "Chromium": "Chromium",
}
_PLATFORMS = {
    "Windows": "Windows",
    "macOS": "macOS",
    "Linux": "Linux",
    "Android": "Android",
    "Chrome OS": "Chrome OS",
    "Chromium OS": "Chrome OS",
    "iOS": "iOS",
}


class Hints(msgspec.Struct, frozen=True, gc=False):
    """What hints say, in the words of the user agent's lists; empty or None where they say nothing."""

    name: str = ""
    version: str = ""
    os: str = ""
    is_mobile: bool | None = None
    is_program: bool = False


NO_HINTS = Hints()


def pack_hints(headers: Mapping[bytes, bytes]) -> bytes:
    """Return the hints in `headers` (names in lower case), a line each; empty if there are none, or too many."""
    brands = headers.get(b"sec-ch-ua")
    if brands is None:
        return b""
    packed = b"%b\n%b\n%b" % (brands, headers.get(b"sec-ch-ua-mobile", b""), headers.get(b"sec-ch-ua-platform", b""))
    return packed if len(packed) <= _MAX_BYTES else b""


def read_hints(packed: bytes) -> Hints:
    """Return what `packed`, as `pack_hints` makes it, says; of anything malformed that it says nothing."""
    lines = packed.decode("latin-1").split("\n")
    if len(lines) != _HINTS:
        return NO_HINTS
    brands = dict(_BRAND.findall(lines[0]))
    brand = next((brand for brand in _BRANDS if brand in brands), "")
    return Hints(
        name=_BRANDS.get(brand, ""),
        version=str(int(brands[brand])) if brand else "",
        os=_PLATFORMS.get(lines[2].strip().strip('"'), ""),
        is_mobile={"?1": True, "?0": False}.get(lines[1].strip()),
        is_program=_HEADLESS in brands,
    )
