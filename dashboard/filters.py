"""Filters, as data: comparisons of a dimension with values, and what is put together of them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Operator(StrEnum):
    """How a dimension is compared with values; one that matches is enough."""

    IS = "is"
    IS_NOT = "is_not"
    CONTAINS = "contains"
    CONTAINS_NOT = "contains_not"
    MATCHES = "matches"  # regular expressions of RE2
    MATCHES_NOT = "matches_not"
    MATCHES_WILDCARD = "matches_wildcard"  # * is any part
    MATCHES_WILDCARD_NOT = "matches_wildcard_not"

    @property
    def is_negated(self) -> bool:
        """Whether it holds where none of the values matches."""
        return self.endswith("_not")


class Connective(StrEnum):
    """How conditions are put together; `not` takes one."""

    AND = "and"
    OR = "or"
    NOT = "not"


@dataclass(frozen=True)
class Comparison:
    """A condition on one dimension."""

    operator: Operator
    dimension: str
    values: tuple[str, ...]
    is_case_sensitive: bool = True


@dataclass(frozen=True)
class Combination:
    """A condition made of others."""

    connective: Connective
    conditions: tuple[Condition, ...]


Condition = Comparison | Combination


def comparisons(conditions: tuple[Condition, ...]) -> Iterator[Comparison]:
    """Yield every comparison in `conditions`, at any depth."""
    for condition in conditions:
        if isinstance(condition, Comparison):
            yield condition
        else:
            yield from comparisons(condition.conditions)
