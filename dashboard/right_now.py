"""Who is there: the visits that are still open, by the page they are on, where they came from, and their country."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dashboard.counts import Counts
from schema.live import live_table

_FEW = 5  # rows of each list
_LISTS: Mapping[str, tuple[str, str, str]] = {  # column of visits → title, filter, what an empty value is called
    "exit_path": ("On the page", "exit", "No page"),
    "source": ("Came from", "source", "Direct / None"),
    "country": ("From", "country", "Unknown"),
}


@dataclass(frozen=True)
class LiveList:
    """The most frequent values among open visits: (value, visits)."""

    title: str
    filter: str
    nothing: str
    rows: tuple[tuple[str, int], ...]


def read_right_now(counts: Counts, site: str) -> list[LiveList]:
    """Return the lists of `site`; none before the first live snapshot, or with nobody there.

    Raises:
        StoreUnavailableError: the store does not answer now.
    """
    tables = [live_table(snapshot.node, snapshot.slot, "visits") for snapshot in counts.snapshots_for(site)]
    if not tables:
        return []
    found = []
    for column, (title, filter_name, nothing) in _LISTS.items():
        parts = [
            f"SELECT {column} AS v, sum(visits) AS n FROM {table} WHERE site = {{site:String}} GROUP BY {column}"
            for table in tables
        ]
        sql = f"SELECT v, sum(n) AS total FROM ({' UNION ALL '.join(parts)}) GROUP BY v HAVING total > 0"
        rows = counts.store.query(f"{sql} ORDER BY total DESC, v LIMIT {_FEW:d}", {"site": site})
        found.append(LiveList(title, filter_name, nothing, tuple((str(value), int(n)) for value, n in rows)))
    return [each for each in found if each.rows]
