"""Filters as they stand in an address: `source=Google`, `not-country=DE`, `has-page=/docs`, `prop-plan=pro`. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dashboard.filters import Comparison, Operator
from dashboard.vocabulary import COLUMNS, PROPS, is_prop

PROPERTY = "prop-"
_MAX_VALUE_LENGTH = 2000
_MAX_FILTERS = 20

PREFIXES: Mapping[Operator, str] = {
    Operator.IS: "",
    Operator.IS_NOT: "not-",
    Operator.CONTAINS: "has-",
    Operator.CONTAINS_NOT: "hasnt-",
}
OPERATOR_NAMES: Mapping[Operator, str] = {
    Operator.IS: "is",
    Operator.IS_NOT: "is not",
    Operator.CONTAINS: "contains",
    Operator.CONTAINS_NOT: "does not contain",
}

# Name in the address → dimension.
FILTERS: Mapping[str, str] = {
    "page": "event:page",
    "entry": "visit:entry_page",
    "exit": "visit:exit_page",
    "hostname": "event:hostname",
    "event": "event:name",
    "currency": "event:currency",
    **{
        name.removeprefix("visit:"): name
        for name in COLUMNS
        if name.startswith("visit:") and not name.endswith(("_page", "_name"))
    },
}


def filter_of(dimension: str) -> str:
    """Return the name of the filter on a dimension; that of a dimension without one is its own, less its scope."""
    return next((name for name, of in FILTERS.items() if of == dimension), dimension.partition(":")[2])


@dataclass(frozen=True)
class Filter:
    """One filter; with several values, one that fits is enough."""

    name: str
    operator: Operator
    values: tuple[str, ...]

    @property
    def key(self) -> str:
        """What it is called in an address."""
        return PREFIXES[self.operator] + self.name

    @property
    def comparison(self) -> Comparison:
        """The condition."""
        return Comparison(self.operator, dimension_of(self.name), self.values)


def dimension_of(name: str) -> str:
    """Return the dimension that a filter of this name is about."""
    if name.startswith(PROPERTY):
        return PROPS + name.removeprefix(PROPERTY)
    return FILTERS[name]


def is_filter(name: str) -> bool:
    """Whether there is a filter of this name."""
    return name in FILTERS or (name.startswith(PROPERTY) and is_prop(dimension_of(name)))


def parse_filters(parts: Iterable[tuple[str, str]]) -> tuple[Filter, ...]:
    """Return the filters among the parts of an address, in their order; equal keys become one with several values."""
    found: dict[tuple[str, Operator], list[str]] = {}
    for key, value in parts:
        if (known := _read_key(key)) and (known in found or len(found) < _MAX_FILTERS):
            operator = known[1]
            if value or operator in (Operator.IS, Operator.IS_NOT):  # every text contains the empty one
                values = found.setdefault(known, [])
                values.extend([value[:_MAX_VALUE_LENGTH]] if len(values) < _MAX_FILTERS else [])
    return tuple(Filter(name, operator, tuple(dict.fromkeys(values))) for (name, operator), values in found.items())


def _read_key(key: str) -> tuple[str, Operator] | None:
    for operator, prefix in reversed(list(PREFIXES.items())):
        if key.startswith(prefix) and is_filter(key.removeprefix(prefix)):
            return key.removeprefix(prefix), operator
    return None
