"""Texts that need no scrubbing, remembered: nearly every page is read more than once."""

from __future__ import annotations

from collections.abc import Callable

from collector.recent import Recent

_CAPACITY = 16_384
_LONGEST = 128  # characters of a text that is remembered


class CleanTexts:
    """Calls `scrub` for new texts. Only those that it leaves as they are stay in memory: they are kept anyway."""

    def __init__(self, scrub: Callable[[str], str]) -> None:
        self._scrub = scrub
        self._clean: Recent[str, str] = Recent(_CAPACITY)

    def __len__(self) -> int:
        return len(self._clean)

    def scrub(self, text: str) -> str:
        """Return what `scrub` makes of `text`."""
        known = self._clean.get(text)
        if known is not None:
            return known
        scrubbed = self._scrub(text)
        if scrubbed == text and len(text) <= _LONGEST:
            self._clean.put(text, text)
        return scrubbed
