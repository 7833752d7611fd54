"""The hops that X-Forwarded-For or Forwarded (RFC 7239) names, as text, the one nearest to us first. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

Hops = Callable[[str], Iterator[str]]

_MAX_HOPS = 32  # from the right; what a longer list has further left stays in one piece, which is no address
_SPACE = " \t"
_ESCAPED = re.compile(r"\\.")
_PARAMETER = re.compile(r'[ \t;]*([^\s=;,"]+)[ \t]*=[ \t]*("(?:[^"\\]|\\.)*"|[^\s;,"]*)[ \t]*(?:;|$)')


def x_forwarded_for_hops(value: str) -> Iterator[str]:
    """Yield the hops of X-Forwarded-For."""
    return reversed(value.rsplit(",", _MAX_HOPS))


def forwarded_hops(value: str) -> Iterator[str]:
    """Yield what each element of Forwarded has as `for`; empty where it has none, or more than one.

    The elements are found from the right, where our own proxies wrote them: whatever quotes a client left open in
    front of them, it cannot swallow what follows. A comma within quotes, as in a host that a client has chosen, does
    not part elements: the text right of it has an odd number of quotes.
    """
    element = ""
    for piece in reversed(value.rsplit(",", _MAX_HOPS)):
        element = f"{piece},{element}" if element else piece
        if _has_closed_quotes(element):
            yield _node_in(element)
            element = ""


def _has_closed_quotes(text: str) -> bool:
    return '"' not in text or _ESCAPED.sub("", text).count('"') % 2 == 0


def _node_in(element: str) -> str:
    """Return the one `for` parameter of `element`; empty if there is none, several, or anything else is malformed."""
    node, end = "", 0
    element = element.strip(_SPACE)
    while end < len(element):
        found = _PARAMETER.match(element, end)
        if found is None:
            return ""
        if found[1].lower() == "for":
            if node:
                return ""
            node = found[2]
        end = found.end()
    return node


HEADERS: dict[str, Hops] = {"x-forwarded-for": x_forwarded_for_hops, "forwarded": forwarded_hops}
