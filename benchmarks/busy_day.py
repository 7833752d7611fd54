"""A busy day by rule, as the sealed segments that workers leave: the same numbers, the same day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from schema.batch import DAY_MS, day_start_ms
from schema.hit import Hit, Kind, Record, RejectedHit, Rejection, encode_records
from schema.spool_format import SEALED, SegmentHeader, encode_frame, encode_header, encode_seal, new_digest

DAY = date(2026, 3, 10)
SITES = ("example.com", "shop.example", "docs.example")
SEGMENT_MS = 5000
_FRAME_RECORDS = 100
_STEP = 0x9E3779B97F4A7C15
_CHANNELS = (
    ("Direct", "", ""),
    ("Organic Search", "Google", "google.com/"),
    ("Referral", "news.example", "news.example/item"),
)
_CAMPAIGNS = ("", "", "", "", "", "", "", "", "spring", "launch")
_BROWSERS = ("Chrome", "Safari", "Firefox", "Edge", "Samsung Internet", "Opera")
_SYSTEMS = ("Windows", "macOS", "iOS", "Android", "Linux")
_EVENTS = ("signup", "download", "Outbound Link: Click", "buy", "share", "search")


@dataclass(frozen=True)
class BusyDay:
    """How much happens on it. Half of the hits are pageviews, nearly half engagement, the others events."""

    hits: int
    visitors: int
    pages: int = 5000

    def segments(self) -> Iterator[tuple[int, bytes]]:
        """Yield when each segment was begun, and its bytes."""
        at, visitors = self._instants()
        edges = np.searchsorted(at, np.arange(0, DAY_MS + 1, SEGMENT_MS))
        for place, (start, end) in enumerate(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)):
            if end > start:
                numbers = zip(range(start, end), at[start:end].tolist(), visitors[start:end].tolist(), strict=True)
                begun_at = day_start_ms(DAY) + place * SEGMENT_MS
                yield begun_at, segment(begun_at, [_record(self, *number) for number in numbers])

    def _instants(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the instants since midnight and the visitors of all hits, by time: busy by day, quiet by night.

        A visitor comes once or twice, for some minutes each time.
        """
        random = np.random.default_rng(1)
        visitors = np.arange(self.hits) % self.visitors
        hours = np.arange(24)
        weights = 1.2 + np.sin((hours - 8) * np.pi / 12)
        visits = random.choice(24, (self.visitors, 2), p=weights / weights.sum()) * 3_600_000
        visits += random.integers(0, 3_600_000, visits.shape)
        which = (random.random(self.hits) < 0.3).astype(np.int64)
        at = np.minimum(visits[visitors, which] + random.integers(0, 400_000, self.hits), DAY_MS - 1)
        order = np.argsort(at, kind="stable")
        return at[order], visitors[order]


def segment(begun_at: int, records: list[Record]) -> bytes:
    """Return a sealed segment, a frame to every hundred records."""
    segment_id = (begun_at * _STEP % 2**128).to_bytes(16, "big")
    content = encode_header(SegmentHeader(1, DAY, segment_id, begun_at))
    frames = [records[start : start + _FRAME_RECORDS] for start in range(0, len(records), _FRAME_RECORDS)]
    for sequence, frame in enumerate(frames):
        content += encode_frame(segment_id, sequence, encode_records(frame))
    digest = new_digest()
    digest.update(content)
    return content + encode_seal(len(frames), digest.digest())


def write(directory: Path, begun_at: int, content: bytes) -> Path:
    """Put a segment into `directory`."""
    header = SegmentHeader(1, DAY, content[16:32], begun_at)
    path = directory / (header.name + SEALED)
    path.write_bytes(content)
    return path


def burst(begun_at: int, hits: int, day: BusyDay, first: int = 0) -> bytes:
    """Return a segment with `hits` hits spread over its five seconds; `first` counts those of bursts before."""
    at = begun_at - day_start_ms(DAY)
    return segment(
        begun_at,
        [
            _record(day, day.hits + number, at + (number - first) * SEGMENT_MS // hits, number * 7919 % day.visitors)
            for number in range(first, first + hits)
        ],
    )


def _record(day: BusyDay, number: int, at: int, visitor: int) -> Record:
    at += day_start_ms(DAY)
    dice = number * 2_654_435_761 % 2**32
    site = SITES[visitor % 10 // 5 + visitor % 10 // 9]
    if dice % 100 < 4:
        return RejectedHit(site, at, Rejection.BOT)
    channel, source, referrer = _CHANNELS[visitor % 3]
    campaign = _CAMPAIGNS[visitor % 10]
    browser, system = visitor // 3 % 6, visitor // 7 % 5
    country = visitor // 11 % 60
    page = int(day.pages * (dice / 2**32) ** 3)
    kind = Kind.PAGEVIEW if dice % 100 < 53 else Kind.ENGAGEMENT if dice % 100 < 95 else Kind.EVENT
    is_event, is_engagement = kind is Kind.EVENT, kind is Kind.ENGAGEMENT
    name = _EVENTS[dice // 128 % 6] if is_event else "pageview"
    return Hit(
        site=site,
        at=at,
        visitor=(visitor + 1) * _STEP % 2**64,
        kind=kind,
        hostname=site,
        path=f"/guide-{page % 40}/page-{page}",
        event_id=(number - (dice % 200 == 60)) * _STEP % 2**64,  # some send the one before again
        name=name,
        channel=channel,
        source=source,
        referrer=f"{referrer}/{visitor % 97}" if referrer else "",
        utm_source="newsletter" if campaign else "",
        utm_medium="email" if campaign else "",
        utm_campaign=campaign,
        country=f"{chr(65 + country // 26)}{chr(65 + country % 26)}",
        region=f"R{country}-{visitor % 7}",
        city=f"City {country}-{visitor % 29}",
        device=("Desktop", "Mobile", "Tablet")[visitor // 5 % 3],
        browser=_BROWSERS[browser],
        browser_version=str(100 + visitor % 13),
        os=_SYSTEMS[system],
        os_version=str(visitor % 9),
        language=("en", "de", "fr", "es", "ja")[country % 5],
        screen=("s", "m", "l", "xl")[visitor % 4],
        props=(("plan", ("free", "team", "business")[visitor % 3]), ("place", f"box {dice % 31}")) if is_event else (),
        currency="EUR" if name == "buy" else "",
        revenue=dice % 10_000 if name == "buy" else 0,
        engaged_ms=dice % 30_000 if is_engagement else 0,
        scroll_depth=dice % 101 if is_engagement else -1,
    )
