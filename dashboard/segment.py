"""The segment of a shared link as its owner types it, `country=DE` or `source!=Google|Bing`, → conditions. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from dashboard.query import Comparison, Operator
from dashboard.vocabulary import COLUMNS
from schema.errors import RejectError

OPERATORS: Mapping[str, Operator] = {
    "!=": Operator.IS_NOT,
    "!~": Operator.CONTAINS_NOT,
    "=": Operator.IS,
    "~": Operator.CONTAINS,
}
SIGN_NAMES: Mapping[Operator, str] = {
    Operator.IS: "is",
    Operator.IS_NOT: "is not",
    Operator.CONTAINS: "contains",
    Operator.CONTAINS_NOT: "does not contain",
    Operator.MATCHES_WILDCARD: "is like",
    Operator.MATCHES_WILDCARD_NOT: "is not like",
}

_WILDCARDS = {Operator.IS: Operator.MATCHES_WILDCARD, Operator.IS_NOT: Operator.MATCHES_WILDCARD_NOT}
_PART = re.compile(r"([a-z_:]+)(!=|!~|=|~)(.+)", re.DOTALL)
_ALTERNATIVES = "|"
_SHORT = {"entry": "visit:entry_page", "exit": "visit:exit_page", "event": "event:name"}
DIMENSIONS: Mapping[str, str] = {
    **{name: name for name in COLUMNS},
    **{name.partition(":")[2]: name for name in COLUMNS if name not in ("event:name", "event:goal")},
    **_SHORT,
}


def parse_segment(texts: tuple[str, ...]) -> tuple[Comparison, ...]:
    """Return the conditions that `texts` name; all of them have to hold.

    Raises:
        RejectError: one is malformed, or there is no such dimension.
    """
    return tuple(_parse(text) for text in texts)


def _parse(text: str) -> Comparison:
    match = _PART.fullmatch(text)
    if not match:
        raise RejectError("segment", "has to be like country=DE, page~/docs, source!=Google or browser=Firefox|Safari")
    name, sign, values = match.groups()
    if name not in DIMENSIONS:
        raise RejectError("segment", f"there is no such dimension; there are {', '.join(_short_names())}")
    operator = _wildcard(OPERATORS[sign]) if "*" in values else OPERATORS[sign]
    alternatives = tuple(value for value in values.split(_ALTERNATIVES) if value)
    if not alternatives:
        raise RejectError("segment", "needs a value")
    return Comparison(operator, DIMENSIONS[name], alternatives)


def _wildcard(operator: Operator) -> Operator:
    """The operator that takes `*` for any part, where there is one: a `*` is never compared with as it stands."""
    try:
        return _WILDCARDS[operator]
    except KeyError:
        raise RejectError("segment", "knows no * there: write page~/blog, or page=/blog*") from None


def _short_names() -> list[str]:
    return [name for name in DIMENSIONS if ":" not in name]
