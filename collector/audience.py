"""What a browser says about its person's language and screen, made coarse."""

from __future__ import annotations

import re

_PRIMARY_TAG = re.compile(r"\s*([A-Za-z]{2,3})(?![A-Za-z0-9])")
_SCREENS = ((1440, "Desktop"), (992, "Laptop"), (576, "Tablet"), (1, "Mobile"))  # CSS pixels from which it is one


def primary_language(accept_language: bytes) -> str:
    """Return the primary tag of the first language of an Accept-Language header, such as `de`; empty if none."""
    match = _PRIMARY_TAG.match(accept_language.decode("latin-1"))
    return match[1].lower() if match else ""


def screen_class(width: int) -> str:
    """Return the class of a viewport `width` CSS pixels wide; empty if there is no such width."""
    return next((name for start, name in _SCREENS if width >= start), "")
