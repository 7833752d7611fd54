"""Counts of a site that people like to look at: sixty days, every panel full, one day lost and one changed."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path

from schema.settings import SiteSettings
from support.rollup_rows import RowWriter, row

SITES = (SiteSettings("example.com"), SiteSettings("quiet.example"),
         *(SiteSettings(f"site-{number}.example") for number in range(8)))  # fmt: skip
TODAY = dt.date(2026, 3, 10)
SOURCES = ("Google", "Direct / None", "newsletter", "Bing", "Reddit", "DuckDuckGo", "Mastodon", "GitHub", "Facebook",
           "Kagi", "Hacker News")  # fmt: skip
COUNTRIES = ("DE", "US", "GB", "FR", "JP", "BR", "IN", "SG", "AU", "ZA", "CA", "MT")
BROWSERS = ("Chrome", "Firefox", "Safari", "Edge")
PAGES = ("/", "/pricing", "/docs", "/blog/a-year-of-counting", "/about", "/docs/install", "/docs/embed")


def fill(rows: RowWriter) -> None:
    """Write it, and announce a live snapshot with three visits."""
    visits, views = [], []
    for ago in range(60):
        day = TODAY - dt.timedelta(days=ago)
        for number, source in enumerate(SOURCES):
            count = max(1, round((60 + 20 * math.sin(ago / 3)) / (number + 1) ** 1.2))
            whose = {
                "at": f"{day} 09:00",
                "source": source,
                "channel": "Organic Search" if source in ("Google", "Bing", "Kagi") else "Referral",
                "utm_campaign": "spring" if source == "newsletter" else "",
                "country": COUNTRIES[number % len(COUNTRIES)],
                "device": ("Desktop", "Mobile", "Tablet")[number % 3],
                "browser": BROWSERS[number % len(BROWSERS)],
                "os": ("Windows", "iOS", "macOS")[number % 3],
            }
            page = PAGES[number % len(PAGES)]
            people = {"visits": count, "visitors": count}
            ends = {"entry_path": page, "exit_path": "/"}
            visits.append(row(**whose, **ends, **people, bounces=count // 2, pageviews=2 * count,
                              duration_seconds=90 * count))  # fmt: skip
            views.append(row(**whose, path=page, hostname="example.com", **people, active_visitors=count,
                             pageviews=2 * count, entries=count, exits=count, bounces=count // 2))  # fmt: skip
    rows.add("visits", *visits)
    rows.add("pageviews", *views, *(row(path=f"/archive/{n:03d}", pageviews=1, visitors=1, visits=1)
                                    for n in range(150)))  # fmt: skip
    signup = {"name": "Sign-up", "source": "Google", "country": "DE"}
    rows.add("events", row(**signup, events=9, visitors=8, visits=8), row(name="Download", events=4, visitors=4))
    rows.add("event_props", *(row(name="Sign-up", key="plan", value=value, events=count, visitors=count)
                              for value, count in (("pro", 6), ("free", 3))))  # fmt: skip
    rows.add("audience", *(row(dimension=dimension, parent=parent, value=value, visits=count, visitors=count,
                               pageviews=count) for dimension, parent, value, count in _AUDIENCE))  # fmt: skip
    rows.add("rejections", row(reason="bot", hits=70), row(reason="opt_out", hits=3))
    rows.snapshot(1, 2, 2**60, TODAY)
    rows.add_live("visits", 1, "a", row(visits=3, visitors=3, pageviews=3, source="Google"))


_AUDIENCE = (
    ("region", "DE", "DE-BY", 12), ("region", "US", "US-CA", 7), ("city", "DE-BY", "Munich", 9),
    ("browser_version", "Firefox", "Firefox 142", 5), ("os_version", "iOS", "iOS 19", 4),
    ("language", "", "de", 6), ("screen", "", "Desktop", 8),
)  # fmt: skip


def write_notes(directory: Path) -> None:
    """Write what is to know about two of the days."""
    (directory / "notes.toml").write_text(
        '[[note]]\nday = 2026-02-20\ntext = "The server was down at night"\nkind = "lost"\n'
        '[[note]]\nday = 2026-03-01\ntext = "Prices moved to /pricing"\nkind = "changed"\nsite = "example.com"\n'
        '[[note]]\nday = 2026-03-02\ntext = "Of another site"\nsite = "quiet.example"\n'
    )
