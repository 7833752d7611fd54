"""Conditions → SQL: every value is bound, and every operator means the same in ClickHouse 18.16 and 26. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from dashboard.query import Comparison, Condition, Connective, Operator

_WILDCARD = re.compile(r"\*+")
_SPECIAL = re.compile(r"([^\w/ -])", re.ASCII)


@dataclass
class Values:
    """The values bound to a statement, named as they are added."""

    bound: dict[str, str | int | Sequence[str]] = field(default_factory=dict)

    def add(self, value: str | int | Sequence[str], kind: str) -> str:
        """Bind `value`, and return what stands for it in the SQL."""
        name = f"v{len(self.bound)}"
        self.bound[name] = value
        return f"{{{name}:{kind}}}"


def condition_sql(condition: Condition, column_of: Callable[[str], str], values: Values) -> str:
    """Return the SQL of `condition`; `column_of` gives a dimension's."""
    if isinstance(condition, Comparison):
        return _comparison(condition, column_of(condition.dimension), values)
    inner = [f"({condition_sql(part, column_of, values)})" for part in condition.conditions]
    return (
        f"NOT {inner[0]}" if condition.connective is Connective.NOT else f" {condition.connective.upper()} ".join(inner)
    )


def wildcard_pattern(text: str) -> str:
    """Return the regular expression of a text in which each * is any part of a text."""
    return f"^{'.*'.join(map(_quote, _WILDCARD.split(text)))}$"


def _quote(text: str) -> str:
    return "".join(rf"\x{{{ord(found):x}}}" if _SPECIAL.fullmatch(found) else found for found in text)


def _comparison(comparison: Comparison, column: str, values: Values) -> str:
    test = _TESTS[Operator(comparison.operator.removesuffix("_not"))](comparison, column, values)
    return f"NOT ({test})" if comparison.operator.is_negated else test


def _is(comparison: Comparison, column: str, values: Values) -> str:
    wanted = values.add(comparison.values, "Array(String)")
    if comparison.is_case_sensitive:
        return f"has({wanted}, {column})"
    return f"has(arrayMap(x -> lowerUTF8(x), {wanted}), lowerUTF8({column}))"


def _contains(comparison: Comparison, column: str, values: Values) -> str:
    fold = "{}" if comparison.is_case_sensitive else "lowerUTF8({})"
    found = (values.add(value, "String") for value in comparison.values)
    return " OR ".join(f"position({fold.format(column)}, {fold.format(value)}) > 0" for value in found)


def _matches(comparison: Comparison, column: str, values: Values) -> str:
    return " OR ".join(f"match({column}, {values.add(pattern, 'String')})" for pattern in comparison.values)


def _matches_wildcard(comparison: Comparison, column: str, values: Values) -> str:
    patterns = map(wildcard_pattern, comparison.values)
    return " OR ".join(f"match({column}, {values.add(pattern, 'String')})" for pattern in patterns)


_TESTS = {
    Operator.IS: _is,
    Operator.CONTAINS: _contains,
    Operator.MATCHES: _matches,
    Operator.MATCHES_WILDCARD: _matches_wildcard,
}
