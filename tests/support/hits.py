"""Made-up hits with known answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from schema.hit import Hit, Kind

DAY = "2026-03-10"  # a Tuesday, no daylight-saving change anywhere near


def at(clock: str, day: str = DAY) -> int:
    """Milliseconds since the epoch of `clock` (HH:MM, HH:MM:SS or HH:MM:SS.mmm, UTC) on `day`."""
    return round(datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=UTC).timestamp() * 1000)


def pageview(clock: str, visitor: int = 1, path: str = "/", day: str = DAY, **fields: Any) -> Hit:
    """A pageview of example.com at `clock` on `day`."""
    defaults = {"site": "example.com", "hostname": "example.com", "channel": "Direct", "source": "Direct / None"}
    return Hit(**{**defaults, "at": at(clock, day), "visitor": visitor, "kind": Kind.PAGEVIEW, "path": path, **fields})


def event(clock: str, name: str, visitor: int = 1, path: str = "/", **fields: Any) -> Hit:
    """A custom event on example.com at `clock`."""
    return pageview(clock, visitor, path, kind=Kind.EVENT, name=name, **fields)


def engagement(clock: str, engaged_ms: int, visitor: int = 1, path: str = "/", **fields: Any) -> Hit:
    """An engagement hit on example.com at `clock`; it carries a delta."""
    return pageview(clock, visitor, path, kind=Kind.ENGAGEMENT, name="engagement", engaged_ms=engaged_ms, **fields)
