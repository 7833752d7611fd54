"""How many beacons a minute are too many: token buckets in memory, by any key."""

from __future__ import annotations

from collections.abc import Hashable

from collector.recent import Recent

_MINUTE_MS = 60_000
_CAPACITY = 32_768  # buckets; one that is forgotten is full again


class RateLimit:
    """A bucket for each key: a minute's worth of tokens when full, but at least one; refilled steadily.

    A bucket is kept as the instant at which it will be full again: one number says both how many tokens are in it
    and since when. Keys may be visitor codes, so none is kept longer than two or three minutes, as `forget` is called.
    With a rate of 0 everything is allowed, and nothing kept.
    """

    def __init__(self, per_minute: float) -> None:
        self._refill_ms = _MINUTE_MS / per_minute if per_minute else 0.0
        self._deepest_ms = max(_MINUTE_MS, self._refill_ms)
        self._full_at: Recent[Hashable, float] = Recent(_CAPACITY)
        self._turn_at_ms = 0.0

    def __len__(self) -> int:
        """Return how many buckets are kept."""
        return len(self._full_at)

    def take(self, key: Hashable, now_ms: int) -> bool:
        """Take a token out of the bucket of `key`; False, and nothing is taken, if there is none."""
        full_at = self._full_at.get(key)
        if full_at is None or full_at < now_ms:
            full_at = now_ms
        full_at += self._refill_ms
        if full_at > now_ms + self._deepest_ms:
            return False
        if self._refill_ms:
            self._full_at.put(key, full_at)
        return True

    def forget(self, now_ms: int) -> None:
        """Forget the buckets that nobody has taken from for as long as it takes to fill one. Call it now and then."""
        if now_ms >= self._turn_at_ms:
            self._full_at.turn()
            self._turn_at_ms = now_ms + self._deepest_ms
