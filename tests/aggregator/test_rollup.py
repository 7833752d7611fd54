from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.day import Day
from aggregator.rollup import merge
from schema.batch import utc_day
from schema.hit import Hit, Record
from schema.rollups import BY_NAME, ROLLUPS
from support.counts import count, counts_of, local_time, oracle_counts
from support.hits import at, event, pageview
from support.random_records import ZONES, records


@settings(max_examples=25, deadline=None)
@given(records.filter(bool))
def test_the_rollups_are_what_the_independent_count_says(found: list[Record]) -> None:
    assert count(found, ZONES) == oracle_counts(found, ZONES)


@settings(max_examples=8, deadline=None)
@given(records.filter(bool))
def test_rollups_of_different_visitors_add_up(found: list[Record]) -> None:
    found = [record for record in found if not (isinstance(record, Hit) and record.event_id)]
    parts = [
        [record for record in found if getattr(record, "visitor", 0) == visitor] for visitor in (0, 1, 2, 2**64 - 1)
    ]
    tables = []
    for part in parts:
        day = Day(utc_day(at("10:00")), local_time(ZONES))
        day.absorb(part)
        tables.append(day.live())
    assert counts_of(tables) == oracle_counts(found, ZONES)
    assert counts_of([merge(tables)]) == counts_of(tables)


def test_every_rollup_has_its_declared_columns_in_order() -> None:
    day = Day(utc_day(at("10:00")), local_time())
    day.absorb(
        [
            pageview("10:00", screen="m"),
            event("10:00", "x", props=(("a", "b"),)),
            pageview("10:00", event_id=1),
            pageview("10:01", event_id=1),
        ]
    )
    tables = day.live()
    assert list(tables) == [rollup.name for rollup in ROLLUPS]
    for name, table in tables.items():
        assert tuple(table) == BY_NAME[name].key_names + BY_NAME[name].measure_names


@settings(max_examples=5, deadline=None)
@given(st.permutations(["/b", "/a", "/é", "/A"]))
def test_rows_are_sorted_by_key_and_keys_are_unique(paths: list[str]) -> None:
    day = Day(utc_day(at("10:00")), local_time())
    day.absorb([pageview("10:00", visitor=number // 2, path=path) for number, path in enumerate(paths * 2)])
    assert day.live()["pageviews"]["path"].tolist() == ["/A", "/a", "/b", "/é"]
