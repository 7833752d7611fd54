"""What a browser says about its person's language and screen, made coarse."""

from __future__ import annotations

import re

_PRIMARY_TAG = re.compile(r"\s*([A-Za-z]{2,3})(?![A-Za-z0-9])")
_CLASSES = ("Mobile", "Tablet", "Laptop", "Desktop")  # what our snippet numbers from 1, by 480 CSS pixels
_MOST_NUMBERS = 15  # no window is so narrow, nor so wide
_SCREENS = ((1440, "Desktop"), (992, "Laptop"), (576, "Tablet"), (1, "Mobile"))  # CSS pixels from which it is one


def primary_language(accept_language: bytes) -> str:
    """Return the primary tag of the first language of an Accept-Language header, such as `de`; empty if none."""
    match = _PRIMARY_TAG.match(accept_language.decode("latin-1"))
    return match[1].lower() if match else ""


def screen_class(width: int) -> str:
    """Return the class of a viewport `width` CSS pixels wide, or of the number of its class; empty if there is none."""
    if 0 < width <= _MOST_NUMBERS:
        return _CLASSES[min(width, len(_CLASSES)) - 1]
    return next((name for start, name in _SCREENS if width >= start), "")
