"""What each store of a test's own says of itself: it consists of one part."""

from __future__ import annotations

from typing import Any


class Undivided:
    """The part of a Store that is the same for all but clusters."""

    @property
    def shards(self) -> tuple[Any]:
        """Itself; see Store."""
        return (self,)

    @property
    def place(self) -> str:
        """There is only one; see Store."""
        return ""
