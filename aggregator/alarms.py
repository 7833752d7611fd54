"""What went wrong and was survived: counted, kept for whoever asks, and said once on stderr."""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Iterable

from schema.errors import FootfallError

_KEPT = 20

log = logging.getLogger("footfall.aggregator")


class AlarmLog:
    """How often each kind of problem occurred since the start, and the last few in words."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.latest: deque[str] = deque(maxlen=_KEPT)

    def add(self, problems: Iterable[FootfallError]) -> None:
        """Take problems in. No message of ours holds anything of a visitor."""
        for problem in problems:
            self.counts[type(problem).__name__] += 1
            self.latest.append(str(problem))
            log.error("%s", problem)
