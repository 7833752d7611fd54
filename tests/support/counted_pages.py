"""How often each page was looked at, as the API tells: of any number of pages."""

from __future__ import annotations

from support.processes import Footfall

PAGE = 10_000


def counted_pages(footfall: Footfall, token: str) -> dict[str, int]:
    """Path → pageviews, as the API tells."""
    pages: dict[str, int] = {}
    while True:
        answer = footfall.query(
            token,
            metrics=["pageviews"],
            dimensions=["event:page"],
            date_range="7d",
            pagination={"limit": PAGE, "offset": len(pages)},
        )
        pages |= {row["dimensions"][0]: row["metrics"][0] for row in answer["results"]}
        if len(answer["results"]) < PAGE:
            return pages
