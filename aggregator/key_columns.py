"""Numbers of texts, which depend on the order of arrival → ranks, which sort as the texts do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aggregator.columns import Columns
from aggregator.texts import Numbers
from aggregator.vocabulary import GROUPS, TEXT_FIELDS, Vocabulary
from schema.rollups import ACQUISITION, CLIENT

Key = NDArray[np.int64]
Counts = dict[str, Any]  # columns of equal length: texts as pd.Categorical, anything else as an array of numbers

_MEMBERS = {"acquisition": ACQUISITION, "client": CLIENT}  # key columns that a group stands for
_TEXTS = (*TEXT_FIELDS, "entry_path", "exit_path", "key", "value", "dimension", "parent", "reason")
_MOST = 1 << 62


class KeyColumns:
    """The key columns of the rows of several rollups, ranked together."""

    def __init__(self, frames: Iterable[Columns], vocabulary: Vocabulary) -> None:
        used = np.zeros(len(vocabulary.texts), np.bool_)
        groups = {name: np.zeros(len(group), np.bool_) for name, group in vocabulary.groups.items()}
        for frame in frames:
            for name in frame.keys() & {*_TEXTS, *GROUPS}:
                groups.get(name, used)[frame[name]] = True
        members = {name: _members(vocabulary, name)[is_in] for name, is_in in groups.items()}
        for those in members.values():
            used[those.ravel()] = True
        letters, self._positions = vocabulary.texts.alphabet(np.flatnonzero(used).astype(np.int32))
        self._alphabet = pd.CategoricalDtype(pd.Index(letters, dtype="str"))
        self._ranked = {name: _ranked(self._positions[members[name]], is_in) for name, is_in in groups.items()}

    def ranks(self, rows: Columns, names: Sequence[str]) -> dict[str, Key]:
        """Return the key columns `names` of `rows`, texts and groups as their ranks."""
        found: dict[str, Key] = {}
        for name in names:
            column = rows[name]
            if name in self._ranked:
                column = self._ranked[name][0][column]
            elif name in _TEXTS:
                column = self._positions[column]
            found[name] = column.astype(np.int64)
        return found

    def columns(self, ranks: Mapping[str, Key]) -> Counts:
        """Return key columns as they get out: texts as texts, groups as the columns they stand for."""
        found: Counts = {}
        for name, column in ranks.items():
            if name in self._ranked:
                members = self._ranked[name][1][column].T
                found |= {each: self._texts(codes) for each, codes in zip(_MEMBERS[name], members, strict=True)}
            else:
                found[name] = self._texts(column) if name in _TEXTS else column
        return found

    def _texts(self, codes: NDArray[np.integer]) -> pd.Categorical:
        return pd.Categorical.from_codes(codes, dtype=self._alphabet, validate=False)


def grouped_names(names: Sequence[str]) -> list[str]:
    """Return key columns with the name of the group instead of those it stands for."""
    return list(dict.fromkeys(_GROUP_OF.get(name, name) for name in names))


_GROUP_OF = {member: group for group, members in _MEMBERS.items() for member in members}


def combined(columns: Sequence[Key]) -> Key:
    """Return one number for each row of `columns` that sorts as the rows do, and is equal for equal rows."""
    whole, count = np.zeros(len(columns[0]), np.int64), 1
    if not whole.size:
        return whole
    for column in columns:
        low = int(column.min())
        span = int(column.max()) - low + 1
        if span > _MOST // count:
            whole, count = _dense(whole)
            places, span = _dense(column)
        else:
            places = column - low
        whole, count = whole * span + places, count * span
    return whole


def _dense(column: Key) -> tuple[Key, int]:
    distinct, ranks = np.unique(column, return_inverse=True)
    return ranks, len(distinct)


def _members(vocabulary: Vocabulary, group: str) -> Numbers:
    """Return the texts of the key columns that each group stands for."""
    places = [GROUPS[group].index(name) for name in _MEMBERS[group]]
    return vocabulary.groups[group].members[:, places]


def _ranked(members: Numbers, is_used: NDArray[np.bool_]) -> tuple[Key, Numbers]:
    """Return a lookup from group to its rank among those used, equal for equal `members`, and the members by rank."""
    key = combined(list(members.T.astype(np.int64)))
    _, first, ranks = np.unique(key, return_index=True, return_inverse=True)
    lookup = np.zeros(len(is_used), np.int64)
    lookup[is_used] = ranks
    return lookup, members[first]
