"""Records of the spool → frames: one column per field, texts as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

import msgspec
import numpy as np
import pandas as pd

from aggregator.texts import Texts
from schema.hit import Hit, RejectedHit

FIELDS = Hit.__struct_fields__
TEXT_FIELDS = tuple(field.name for field in msgspec.structs.fields(Hit) if field.type is str)
_TYPES = {
    "at": np.int64,
    "visitor": np.uint64,
    "kind": np.int8,
    "event_id": np.uint64,
    "props": np.object_,
    "revenue": np.int64,
    "interactive": np.bool_,
    "engaged_ms": np.int64,
    "scroll_depth": np.int16,
}


def hit_frame(hits: Sequence[Hit], texts: Texts) -> pd.DataFrame:
    """Return a row per hit and a column per field; texts become their numbers in `texts`."""
    columns = {name: list(map(attrgetter(name), hits)) for name in FIELDS}
    return pd.DataFrame(
        {
            name: texts.numbers(column) if name in TEXT_FIELDS else pd.Series(column, dtype=_TYPES[name])
            for name, column in columns.items()
        }
    )


def rejected_frame(hits: Sequence[RejectedHit], texts: Texts) -> pd.DataFrame:
    """Return a row per rejected hit: site and reason as numbers in `texts`, at."""
    return pd.DataFrame(
        {
            "site": texts.numbers([hit.site for hit in hits]),
            "at": np.array([hit.at for hit in hits], np.int64),
            "reason": texts.numbers([hit.reason.value for hit in hits]),
        }
    )


def in_order(hits: pd.DataFrame, texts: Texts) -> pd.DataFrame:
    """Return `hits` by time, then visitor, then field by field: an order that does not depend on how they arrived."""
    hits = hits.iloc[np.lexsort((hits["visitor"], hits["at"]))]
    tied = hits.duplicated(["at", "visitor"], keep=False).to_numpy()
    if not tied.any():
        return hits
    places = np.arange(len(hits))
    records = list(zip(*(_comparable(hits.loc[tied, name], texts) for name in FIELDS), strict=True))
    by_record = sorted(range(len(records)), key=lambda row: (records[row][1:3], records[row]))  # at, visitor, all
    places[tied] = places[tied][by_record]
    return hits.iloc[places]


def _comparable(column: pd.Series, texts: Texts) -> list[object]:
    return [texts.text(number) for number in column] if column.name in TEXT_FIELDS else column.tolist()
