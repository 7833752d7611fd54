"""Two days of made-up hits with every kind of value, the same each time, and their counts in a store."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from typing import Any

import pandas as pd

from aggregator.day import Day
from schema.batch import DAY_MS, day_start_ms, utc_day
from schema.hit import NO_SCROLL_DEPTH, Hit, Kind, Record, RejectedHit, Rejection
from schema.rollups import BY_NAME
from support.counts import local_time
from support.rollup_rows import SITE, RowWriter

FIRST = dt.date(2026, 2, 28)
ZONES = {SITE: "Europe/Berlin"}
_PLACES = (
    ("DE", "DE-BE", "Berlin"),
    ("DE", "DE-BY", "Munich"),
    ("DE", "", "Nowhere"),
    ("FR", "FR-75", ""),
    ("", "", ""),
)
_MACHINES = (
    ("Mobile", "iOS", "17", "Safari", "17"),
    ("Desktop", "Windows", "10", "Edge", "120"),
    ("Desktop", "Windows", "11", "Chrome", "121"),
    ("Tablet", "Android", "", "Chrome", "119"),
)
_WAYS = (
    ("Organic Search", "Google", "google.com", "", ""),
    ("Organic Search", "google", "", "", ""),
    ("Referral", "News", "news.example/a?b", "", ""),
    ("Email", "Letter", "", "email", "spring 50% = 'x' \\ .*"),
    ("Direct", "", "", "", ""),
)
PAGES = ("/", "/blog/a", "/blog/B", "/über?uns", "/%2a|;", "/a'b\\c")


def many_hits(count: int = 400, days: int = 2, seed: int = 7) -> list[Record]:
    """Hits of SITE from FIRST on, in order of time."""
    chance = random.Random(seed)
    people = [_person(chance, number) for number in range(max(4, count // 12))]
    start = day_start_ms(FIRST)
    found: list[Record] = [_hit(chance, start + chance.randrange(days * DAY_MS), people) for _ in range(count)]
    found += [
        RejectedHit(SITE, start + chance.randrange(days * DAY_MS), chance.choice([Rejection.BOT, Rejection.SPAM]))
        for _ in range(count // 10)
    ]
    return sorted(found, key=lambda record: record.at)


def _person(chance: random.Random, number: int) -> dict[str, Any]:
    country, region, city = chance.choice(_PLACES)
    device, os, os_version, browser, browser_version = chance.choice(_MACHINES)
    channel, source, referrer, medium, campaign = chance.choice(_WAYS)
    return {
        "visitor": number + 1, "country": country, "region": region, "city": city, "device": device, "os": os,
        "os_version": os_version, "browser": browser, "browser_version": browser_version, "channel": channel,
        "source": source, "referrer": referrer, "utm_medium": medium, "utm_campaign": campaign,
        "utm_source": medium and "list", "utm_term": medium and "t", "utm_content": medium and chance.choice("uv"),
        "language": chance.choice(["de", "en-GB", ""]), "screen": chance.choice(["s", "m", ""]),
        "hostname": chance.choice(["example.com", "www.example.com"]),
    }  # fmt: skip


def _hit(chance: random.Random, at: int, people: Sequence[dict[str, Any]]) -> Hit:
    kind = chance.choices([Kind.PAGEVIEW, Kind.EVENT, Kind.ENGAGEMENT], [5, 3, 2])[0]
    is_sale = kind == Kind.EVENT and chance.random() < 0.5
    return Hit(
        site=SITE,
        at=at,
        kind=kind,
        path=chance.choice(PAGES),
        name=chance.choice(["signup", "Buy"]) if kind == Kind.EVENT else "pageview",
        props=chance.choice([(), (("plan", "x"), ("size", "L")), (("plan", "Y y"),)]) if kind == Kind.EVENT else (),
        currency=chance.choice(["EUR", "JPY"]) if is_sale else "",
        revenue=chance.choice([1999, -500]) if is_sale else 0,
        interactive=chance.random() < 0.7,
        engaged_ms=chance.choice([0, 1500, 60_000]) if kind == Kind.ENGAGEMENT else 0,
        scroll_depth=chance.choice([NO_SCROLL_DEPTH, 30, 100]) if kind == Kind.ENGAGEMENT else NO_SCROLL_DEPTH,
        **chance.choice(people),
    )


def store_counts(rows: RowWriter, records: Sequence[Record]) -> None:
    """Count the records with the real code, and write what comes out into the store."""
    for day in sorted({utc_day(record.at) for record in records}):
        counting = Day(day, local_time(ZONES))
        counting.absorb([record for record in records if utc_day(record.at) == day])
        for name, table in counting.live().items():
            by_month: dict[str, list[dict[str, Any]]] = {}
            for row in pd.DataFrame(table).to_dict("records"):
                plain = {column.name: row[column.name] for column in (*BY_NAME[name].key, *BY_NAME[name].measures)}
                plain["day"] = dt.date(1970, 1, 1) + dt.timedelta(days=int(plain["day"]))
                at = dt.datetime.fromtimestamp(int(plain.pop("hour")), dt.UTC).replace(tzinfo=None)
                by_month.setdefault(f"{plain['day']:%Y-%m}", []).append({**plain, "at": at.isoformat(" ")})
            for month in by_month.values():
                rows.add(name, *month)
