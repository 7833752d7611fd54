"""Tables of counts as plain dictionaries, to compare with the independent count and to read in a test."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from aggregator.day import Day
from aggregator.local_time import LocalTime
from aggregator.rollup import Tables
from schema.batch import utc_day
from schema.hit import Record
from schema.rollups import BY_NAME
from support.oracle import Counts, Oracle

UTC_ONLY: Mapping[str, str] = {}


def local_time(zones: Mapping[str, str] = UTC_ONLY) -> LocalTime:
    """Sites with these IANA time zones."""
    return LocalTime({site: ZoneInfo(name) for site, name in zones.items()})


def count(records: Sequence[Record], zones: Mapping[str, str] = UTC_ONLY) -> Counts:
    """Everything about the records of one UTC day, by the real code."""
    day = Day(utc_day(records[0].at), local_time(zones))
    day.absorb(records)
    return counts_of([day.live()])


def oracle_counts(records: Sequence[Record], zones: Mapping[str, str] = UTC_ONLY) -> Counts:
    """The same by the independent count."""
    return without_zeros(Oracle(records, zones).counts)


def counts_of(parts: Iterable[Tables]) -> Counts:
    """All rows of some tables, those of equal key added up."""
    counts: Counts = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    for tables in parts:
        for name, table in tables.items():
            rollup = BY_NAME[name]
            for row in pd.DataFrame(table).to_dict("records"):
                key = tuple(_plain(column, row[column]) for column in rollup.key_names)
                for measure in rollup.measure_names:
                    counts[name][key][measure] += row[measure]
    return without_zeros(counts)


def without_zeros(counts: Counts) -> Counts:
    """Only measures that are not 0, only rows that have one, only tables that have a row."""
    found: Counts = {}
    for name, rows in counts.items():
        kept = {key: {measure: n for measure, n in measures.items() if n} for key, measures in rows.items()}
        if kept := {key: measures for key, measures in kept.items() if measures}:
            found[name] = kept
    return found


def total(counts: Counts, rollup: str, measure: str, *columns: str) -> Any:
    """One measure: its sum, or per value of a key column, or of several."""
    names = BY_NAME[rollup].key_names
    sums: dict[Any, int] = defaultdict(int)
    for key, measures in counts.get(rollup, {}).items():
        values = tuple(key[names.index(column)] for column in columns)
        sums[values[0] if len(values) == 1 else values] += measures.get(measure, 0)
    return {value: n for value, n in sums.items() if n} if columns else sum(sums.values())


def _plain(column: str, value: Any) -> Any:
    return date(1970, 1, 1) + timedelta(days=value) if column == "day" else value
