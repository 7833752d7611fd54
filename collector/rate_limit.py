"""How many beacons a minute are too many: token buckets in memory, by any key."""

from __future__ import annotations

from collections.abc import Hashable

from collector.recent import Recent

_MINUTE_MS = 60_000
_CAPACITY = 32_768  # buckets; one that is forgotten is full again


class RateLimit:
    """A bucket for each key: a minute's worth of tokens when full, refilled steadily. None if `per_minute` is 0.

    A bucket is kept as the instant at which it will be full again: one number says both how many tokens are in it
    and since when.
    """

    def __init__(self, per_minute: float) -> None:
        self._refill_ms = _MINUTE_MS / per_minute if per_minute else 0.0
        self._full_at: Recent[Hashable, float] = Recent(_CAPACITY)

    def __len__(self) -> int:
        """Return how many buckets are kept."""
        return len(self._full_at)

    def take(self, key: Hashable, now_ms: int) -> bool:
        """Take a token out of the bucket of `key`; False, and nothing is taken, if there is none."""
        full_at = self._full_at.get(key)
        if full_at is None or full_at < now_ms:
            full_at = now_ms
        full_at += self._refill_ms
        if full_at > now_ms + _MINUTE_MS:
            return False
        if self._refill_ms:
            self._full_at.put(key, full_at)
        return True
