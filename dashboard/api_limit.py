"""How often one token may ask the API: a bucket of requests per token, refilled evenly over an hour."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

import xxhash
from starlette.exceptions import HTTPException

HOUR_MS = 3_600_000
MAX_TOKENS = 10_000  # remembered; the one that was not used for longest is forgotten


class ApiLimit:
    """`rate` requests an hour for each token (0: any number); who comes without one shares one bucket.

    `clock` tells milliseconds since the epoch. A token is remembered by its xxHash only.
    """

    def __init__(self, rate: int, clock: Callable[[], int]) -> None:
        self._rate = rate
        self._clock = clock
        self._full_at: dict[int, float] = {}  # token → when its bucket is full again

    def count(self, token: str) -> None:
        """Count one request of whoever holds `token`; empty without one that opens anything.

        Raises:
            HTTPException: 429 with Retry-After; the token has used up its hour.
        """
        if not self._rate:
            return
        key, now, cost = xxhash.xxh3_64_intdigest(token.encode()), self._clock(), HOUR_MS / self._rate
        full_at = max(self._full_at.pop(key, now), now) + cost
        if full_at - now > HOUR_MS:
            self._full_at[key] = full_at - cost
            seconds = int((full_at - now - HOUR_MS) // 1000) + 1
            problem = f"this token has asked {self._rate} times in an hour: ask again in {seconds} s"
            raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS, problem, {"Retry-After": str(seconds)})
        self._full_at[key] = full_at
        if len(self._full_at) > MAX_TOKENS:
            del self._full_at[next(iter(self._full_at))]
