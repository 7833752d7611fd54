"""Which properties an event had, the most frequent first."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.counts import Counts
from dashboard.period import Period
from dashboard.visibility import Part, visible_parts

_MOST = 12


def property_keys(counts: Counts, site: str, event: str, period: Period) -> Sequence[str]:
    """Return the keys of the properties that came with `event` on `site` in `period`.

    Raises:
        StoreUnavailableError: the store does not answer now.
    """
    values = {"site": site, "name": event}
    parts = [f"SELECT key, sum(events) AS n FROM {part.table} WHERE {_within(part)} GROUP BY key"
             for part in visible_parts("event_props", period, counts.snapshots)]  # fmt: skip
    sql = f"SELECT key, sum(n) AS total FROM ({' UNION ALL '.join(parts)}) GROUP BY key ORDER BY total DESC, key"
    return [key for key, _ in counts.store.query(f"{sql} LIMIT {_MOST:d}", values)]


def _within(part: Part) -> str:
    terms = ["site = {site:String}", "name = {name:String}", f"({part.condition})" if part.condition else ""]
    dates = [f"day >= toDate('{part.start.isoformat()}')", f"day < toDate('{part.end.isoformat()}')"]
    return " AND ".join(term for term in (*terms, *dates) if term)
