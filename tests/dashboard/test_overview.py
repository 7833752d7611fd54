"""The cards of many sites, asked for together, say what each site's own page says."""

import datetime as dt
import random

import pytest

from dashboard.counts import Counts
from dashboard.overview import read_cards
from dashboard.reader import Reader
from dashboard.view import parse_view
from schema.settings import SiteSettings
from support.fallible_store import FallibleStore
from support.rollup_rows import RowWriter, row

NOW = 1_773_144_000_000  # noon of 10 March 2026, UTC
TODAY = dt.date(2026, 3, 10)
ZONES = ("UTC", "Asia/Kolkata", "Pacific/Auckland")  # the last is a day ahead
SITES = [SiteSettings(f"site{n}.example", ZONES[n % 3]) for n in range(130)]  # of one zone more than go by the hundred


@pytest.fixture(params=["embedded_rows", "server_rows"], ids=["embedded", "server"])
def rows(request: pytest.FixtureRequest) -> RowWriter:
    writer: RowWriter = request.getfixturevalue(request.param)
    chance = random.Random(7)
    writer.snapshot(1, 1, through=0, open_day=TODAY)
    closed, live = [], []
    for site in SITES[::2]:
        for _ in range(20):
            day = TODAY + dt.timedelta(days=1 - chance.randrange(60))
            people = chance.randrange(1, 9)
            found = row(at=f"{day} 05:00", site=site.domain, visits=people, visitors=people)
            (live if day >= TODAY else closed).append(found)
    writer.add("visits", *closed)
    writer.add_live("visits", 1, "b", *live)
    return writer


def test_each_card_is_what_the_site_alone_is_asked(rows: RowWriter) -> None:
    def each_alone(counts: Counts) -> list[tuple[str, int, int, int | None]]:
        found = []
        for site in SITES:
            view = parse_view(site, (), {}, NOW)
            days = [
                each.metrics[0] or 0 for each in counts.ask(view.query("visitors", dimensions=("time:day",)), NOW).rows
            ]
            found.append((site.domain, int(days[-1]), int(sum(days)), counts.open_visits(site.domain)))
        return found

    expected = Reader(rows.store).read(each_alone)
    cards = Reader(rows.store).read(lambda counts: read_cards(counts, SITES, NOW))
    assert [(card.domain, card.visitors, card.total, card.open_visits) for card in cards] == expected
    assert sum(card.total > 0 for card in cards) == len(SITES[::2])
    assert any(card.visitors for card in cards)
    assert any(card.open_visits for card in cards)


def test_a_hundred_sites_take_as_many_questions_as_one(rows: RowWriter) -> None:
    def questions(count: int) -> int:
        store = FallibleStore(rows.store)
        read_cards(Counts(store, []), [SiteSettings(f"site{n}.example") for n in range(count)], NOW)
        return len(store.asked)

    assert questions(100) == questions(1) < questions(101)
