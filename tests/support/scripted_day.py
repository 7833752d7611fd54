"""A day of browsing with known answers, and a plain count of it that shares no code with Footfall."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from support.beacons import Request

MINUTE = 60_000
GAP = 30 * MINUTE

PATHS = ["/", "/pricing", "/blog/first-steps", "/blog/a-long-walk", "/docs", "/docs/install", "/about", "/contact"]
# What a browser sends as referrer, and the source that the dashboard shows for it.
SOURCES = {
    "": "Direct / None",
    "https://www.google.com/": "Google",
    "https://news.ycombinator.com/item?id=1": "Hacker News",
    "https://blog.friend.example/post": "blog.friend.example",
}
COUNTRIES = {"Europe/Berlin": "DE", "America/New_York": "US", "Asia/Tokyo": "JP", "Asia/Kathmandu": "NP"}
AGENTS = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5"
    " Mobile/15E148 Safari/604.1",
]


@dataclass(frozen=True)
class Step:
    """One beacon of the script."""

    at: int  # milliseconds since the epoch
    visitor: int
    path: str
    referrer: str
    zone: str
    name: str = "pageview"

    def request(self) -> Request:
        """The beacon as the visitor's browser sends it."""
        body = {
            "n": self.name,
            "d": "example.com",
            "u": f"https://example.com{self.path}",
            "r": self.referrer,
            "z": self.zone,
        }
        address = f"10.{self.visitor >> 16 & 255}.{self.visitor >> 8 & 255}.{self.visitor & 255}"
        return Request(body, address, AGENTS[self.visitor % len(AGENTS)])


def script(day_start: int, ticks: int, steps: int, seed: int = 3) -> list[list[Step]]:
    """About `steps` beacons, dealt to `ticks` instants spread over the day; one list per instant."""
    chance = random.Random(seed)
    instants = sorted(day_start + chance.randrange(MINUTE, 24 * 60 * MINUTE - 1000) for _ in range(ticks))
    dealt: list[list[Step]] = [[] for _ in instants]
    visitor = total = 0
    while total < steps:
        visitor += 1
        tick, referrer, zone = chance.randrange(ticks), chance.choice(list(SOURCES)), chance.choice(list(COUNTRIES))
        for _ in range(min(40, 1 + int(chance.expovariate(1 / 5)))):
            if tick >= ticks:
                break
            name = "signup" if chance.random() < 0.05 else "pageview"
            dealt[tick].append(Step(instants[tick], visitor, chance.choice(PATHS), referrer, zone, name))
            total += 1
            tick += chance.choice([1, 1, 2, 5, 12, 30])
            referrer = chance.choice(list(SOURCES)) if chance.random() < 0.1 else ""
    return [steps for steps in dealt if steps]


@dataclass
class Visit:
    """What the plain count remembers of a visit."""

    first: Step
    last: int
    pages: list[str]
    events: int = 0


def visits_of(steps: Iterable[Step]) -> list[Visit]:
    """Put steps together to visits, one after the other, as the definition says."""
    open_visits: dict[int, Visit] = {}
    visits = []
    for step in sorted(steps, key=lambda step: step.at):
        visit = open_visits.get(step.visitor)
        if visit is None or step.at - visit.last > GAP:
            visit = open_visits[step.visitor] = Visit(step, step.at, [])
            visits.append(visit)
        visit.last = step.at
        if step.name == "pageview":
            visit.pages.append(step.path)
        else:
            visit.events += 1
    return visits


def expected(steps: list[Step]) -> dict[str, object]:
    """Every answer that the test asks for, under the name of its question."""
    visits = visits_of(steps)
    firsts = {visit.first.visitor: visit for visit in reversed(visits)}
    views = [step for step in steps if step.name == "pageview"]
    bounces = sum(len(visit.pages) == 1 and not visit.events for visit in visits)
    duration = sum((visit.last - visit.first.at) // 1000 for visit in visits)
    by_page: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for path, count in Counter(step.path for step in views).items():
        by_page[path][1] = count
    for _, path in {(step.visitor, step.path) for step in views}:
        by_page[path][0] += 1
    for visit in visits:
        for path in set(visit.pages):
            by_page[path][2] += 1
    return {
        "total": [
            len(firsts),
            len(visits),
            len(views),
            round(100 * bounces / len(visits)),
            round(duration / len(visits)),
        ],
        "page": dict(by_page),
        "entry": Counter(visit.pages[0] for visit in visits if visit.pages),
        "exit": Counter(visit.pages[-1] for visit in visits if visit.pages),
        "source": _first_and_all(firsts, visits, lambda visit: SOURCES[visit.first.referrer]),
        "country": _first_and_all(firsts, visits, lambda visit: COUNTRIES[visit.first.zone]),
    }


def _first_and_all(firsts: dict[int, Visit], visits: list[Visit], word) -> dict[str, list[int]]:  # type: ignore[no-untyped-def]
    """Word → [visitors, visits]: a visitor counts under the word of the day's first visit."""
    visitors, all_visits = Counter(map(word, firsts.values())), Counter(map(word, visits))
    return {name: [visitors[name], count] for name, count in all_visits.items()}
