"""Patterns of paths with `*` and `**`, matched in time that no path can stretch. Pure."""

from __future__ import annotations

import re

_WILDCARD = re.compile(r"(\*\*|\*)")


class PathPattern:
    """`*` is any part of a path without a slash, `**` any part of it; all else is itself.

    It goes through the pattern once and keeps all places in the path at which what it has seen of the pattern may
    end. A regular expression would try them one after another: with four wildcards, for seconds.
    """

    def __init__(self, pattern: str) -> None:
        self._parts = [part for part in _WILDCARD.split(pattern) if part]

    def matches(self, path: str) -> bool:
        """Whether all of `path` is as the pattern says."""
        ends = [0]  # in order
        for part in self._parts:
            if part == "**":
                ends = list(range(ends[0], len(path) + 1))
            elif part == "*":
                ends = _within_segments(path, ends)
            else:
                ends = [end + len(part) for end in ends if path.startswith(part, end)]
            if not ends:
                return False
        return ends[-1] == len(path)


def _within_segments(path: str, starts: list[int]) -> list[int]:
    """Return each place that can be reached from one of `starts` without passing a slash, once."""
    found: list[int] = []
    for start in starts:
        slash = path.find("/", start)
        last = len(path) if slash < 0 else slash
        first = max(start, found[-1] + 1) if found else start
        found += range(first, last + 1)
    return found
