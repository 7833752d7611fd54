"""What a beacon without a name is: one of the snippet's own, which says by another field what happened, to be short."""

from __future__ import annotations

from typing import Any

from collector.wire import Wire

OUTBOUND, DOWNLOAD, FORM = "Outbound Link: Click", "File Download", "Form: Submission"


def name_nameless(wire: Wire) -> tuple[str | None, dict[str, Any] | None]:
    """Return (name, properties) that the fields of `wire` stand for; no name if they stand for nothing.

    A page view always has `r`, if only an empty one: what has neither a name nor that comes from nobody's tracker.
    """
    for value, name, key in ((wire.o, OUTBOUND, "url"), (wire.f, DOWNLOAD, "url"), (wire.s, FORM, "form")):
        if value is not None:
            return name, {key: value}
    if wire.e is not None or wire.sd is not None:
        return "engagement", None
    return ("pageview" if wire.r is not None else None), None
