"""How many, and how large, as a person says it: "1 day", "1,200 rows", "31 KB"."""

from __future__ import annotations


def amount(count: int, thing: str) -> str:
    """Return `count` with the name of one `thing`, or of several."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def size(count: int) -> str:
    """Return a number of bytes in the unit that leaves three digits at most."""
    for unit in ("bytes", "KB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count //= 1000
    return f"{count:,} GB"
