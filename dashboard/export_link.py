"""The address at which an answer can be taken away as CSV. Pure."""

from __future__ import annotations

from urllib.parse import urlencode

import msgspec

from dashboard.admission import Admission
from dashboard.filters import Comparison
from dashboard.query import Query


def csv_link(query: Query, admission: Admission | None) -> str:
    """Return where all rows of `query`, whatever its page, are a file for whom `admission` lets in."""
    filters = [
        [str(one.operator), one.dimension, list(one.values)] for one in query.conditions if isinstance(one, Comparison)
    ]
    parts = {
        "site_id": query.site,
        "period": "custom",
        "date": f"{query.period.start},{query.period.last}",
        "property": ",".join(query.dimensions),
        "metrics": ",".join(query.metrics),
    }
    if filters:
        parts["filters"] = msgspec.json.encode(filters).decode()
    if admission and admission.token:
        parts["share"] = admission.token
    return f"/api/export.csv?{urlencode(parts)}"
