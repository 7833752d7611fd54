"""Hits as the spool packs them → frames: one column per field, texts as numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from aggregator.columns import Columns, take
from aggregator.firsts import keys_of
from aggregator.packed_hits import PackedHits
from aggregator.texts import Numbers, Texts
from aggregator.vocabulary import GROUPS, PROPS, TEXT_FIELDS, Group, Props, Vocabulary
from schema.hit import Hit, RejectedHit

FIELDS = Hit.__struct_fields__
_TYPES = {
    "at": np.int64,
    "visitor": np.uint64,
    "kind": np.int8,
    "event_id": np.uint64,
    "revenue": np.int64,
    "interactive": np.bool_,
    "engaged_ms": np.int64,
    "scroll_depth": np.int16,
}


def frames_of(found: PackedHits, vocabulary: Vocabulary) -> tuple[Columns, Columns]:
    """Return the hits, and the rejected hits, of the payloads of spool frames.

    Hits have a column for each field, or group of text fields, and `who`, which is the same for hits of one visitor.
    """
    return _hit_frame(found, vocabulary), _rejected_frame(found.rejected, vocabulary.texts)


def _hit_frame(found: PackedHits, vocabulary: Vocabulary) -> Columns:
    columns: Columns = {name: found.numbers[name].astype(type_) for name, type_ in _TYPES.items()}
    for name in TEXT_FIELDS:
        columns[name] = _numbered(found.texts[name], vocabulary.texts)
    for name, group in vocabulary.groups.items():
        columns[name] = _numbered(found.texts[name], group)
    columns[PROPS] = _numbered(found.texts[PROPS], vocabulary.props)
    columns["who"] = keys_of("visitor", vocabulary.texts.hashes(columns["site"]), columns["visitor"])
    return columns


def _numbered(found: pa.DictionaryArray, known: Texts | Group | Props) -> Numbers:
    numbers = known.numbers(found.dictionary.to_pylist())
    return np.asarray(numbers[found.indices.to_numpy()])


def _rejected_frame(hits: Sequence[RejectedHit], texts: Texts) -> Columns:
    return {
        "site": texts.numbers([hit.site for hit in hits]),
        "at": np.array([hit.at for hit in hits], np.int64),
        "reason": texts.numbers([hit.reason.value for hit in hits]),
    }


def in_order(hits: Columns, vocabulary: Vocabulary) -> Columns:
    """Return `hits` by time, then visitor, then field by field: an order that does not depend on how they arrived."""
    at, visitor = hits["at"], hits["visitor"]
    order = _by_time(at, visitor)
    equals_next = (at[order[1:]] == at[order[:-1]]) & (visitor[order[1:]] == visitor[order[:-1]])
    if equals_next.any():
        tied = _tied(equals_next)
        records = fields_of(take(hits, order[tied]), vocabulary)
        by_record = sorted(range(len(records)), key=lambda row: (records[row][1:3], records[row]))  # at, visitor, all
        order[tied] = order[tied][by_record]
    return take(hits, order)


def _by_time(at: NDArray[np.int64], visitor: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the order by time, then visitor."""
    order = np.argsort(at, kind="stable")  # quick, since most of it is in order
    tied = _tied(at[order[1:]] == at[order[:-1]])
    rows = order[tied]
    order[tied] = rows[np.lexsort((visitor[rows], at[rows]))]
    return order


def _tied(equals_next: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the places that are equal to the next one or the one before."""
    return np.flatnonzero(np.append(equals_next, False) | np.append(False, equals_next))


def fields_of(hits: Columns, vocabulary: Vocabulary) -> list[tuple[object, ...]]:
    """Return every field of each hit, texts as texts."""
    text, columns = vocabulary.texts.text, dict[str, list[object]]()
    for name in (*_TYPES, *TEXT_FIELDS):
        columns[name] = [text(n) for n in hits[name]] if name in TEXT_FIELDS else hits[name].tolist()
    for group, fields in GROUPS.items():
        members = vocabulary.groups[group].members[hits[group]]
        columns |= {name: [text(n) for n in column] for name, column in zip(fields, members.T, strict=True)}
    columns[PROPS] = [
        tuple((text(key), text(value)) for key, value in vocabulary.props.pairs(number)) for number in hits[PROPS]
    ]
    return list(zip(*(columns[name] for name in FIELDS), strict=True))
