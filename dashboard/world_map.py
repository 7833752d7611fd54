"""The map of the world: which countries it has, and how dark each one is. The drawing is built at install time."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from dashboard.list_row import ListRow

SHADES = 5
_COUNTRIES = Path(__file__).parent / "static" / "built" / "countries.json"


@dataclass(frozen=True)
class MapCountry:
    """One country with a count; `shade` goes from 1 to SHADES."""

    code: str
    label: str
    text: str
    href: str
    shade: int


@functools.cache
def drawn_countries() -> frozenset[str]:
    """Return the codes of the countries on the map; none where it was not built."""
    try:
        return frozenset(msgspec.json.decode(_COUNTRIES.read_bytes(), type=list[str]))
    except FileNotFoundError:
        return frozenset()


def shade_countries(rows: Sequence[ListRow]) -> tuple[MapCountry, ...]:
    """Return the countries of `rows` that are on the map. Shades go by the cube root: one country hides no other.

    `rows` are sorted, the largest first.
    """
    drawn = drawn_countries()
    largest = max((row.value or 0 for row in rows), default=0)
    return tuple(
        MapCountry(row.code, row.label, row.text, row.href, _shade(row.value or 0, largest))
        for row in rows
        if row.code in drawn and row.value
    )


def _shade(value: float, largest: float) -> int:
    return 1 + round((SHADES - 1) * math.cbrt(value / largest))
