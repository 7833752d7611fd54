"""Numbers, dates and names as people read them, and what a change is called."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from dashboard.answer import Metric
from dashboard.buckets import Granularity
from dashboard.countries import country_names
from dashboard.figures import DEFINITIONS, NAMES, make_figures
from dashboard.formulas import METRICS
from dashboard.panels import PANELS, TABS_BY_PANEL
from dashboard.period import NAMED, Period, parse_dates
from dashboard.view_filters import FILTERS
from dashboard.words import (
    PERIOD_NAMES,
    REJECTION_NAMES,
    abbreviate_bucket,
    describe_strays,
    format_metric,
    name_bucket,
    name_dates,
)
from schema.hit import Rejection

UTC = ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [
        ("visits", 0, "0"),
        ("visits", 999_999, "999,999"),
        ("visits", 1_234_567, "1.23M"),
        ("visits", 2_500_000_000, "2.50B"),
        ("bounce_rate", 43, "43%"),
        ("bounce_rate", None, "–"),
        ("views_per_visit", 2.4, "2.40"),
        ("visit_duration", 0, "0s"),
        ("visit_duration", 59, "59s"),
        ("visit_duration", 60, "1m"),
        ("visit_duration", 87, "1m 27s"),
        ("visit_duration", 3600, "1h"),
        ("visit_duration", 3780, "1h 3m"),
    ],
)
def test_metrics_as_text(metric: str, value: Metric, text: str) -> None:
    assert format_metric(metric, value) == text


@pytest.mark.parametrize(
    ("metric", "now", "before", "change", "mood"),
    [
        ("visits", 112, 100, "+12%", "better"),
        ("visits", 88, 100, "−12%", "worse"),
        ("visits", 100, 100, "unchanged", "same"),
        ("visits", 1_001, 1_000, "unchanged", "same"),
        ("visits", 5_000, 100, "+4,900%", "better"),
        ("visits", 5, 0, "", "same"),
        ("visits", 5, None, "", "same"),
        ("bounce_rate", 43, 40, "+3 pt", "worse"),
        ("bounce_rate", 37, 40, "−3 pt", "better"),
        ("bounce_rate", None, 40, "", "same"),
    ],
)
def test_changes_as_text(metric: str, now: Metric, before: Metric, change: str, mood: str) -> None:
    (figure,) = make_figures((metric,), {metric: now}, {metric: before}, is_added_up=False)
    assert (figure.change, figure.mood) == (change, mood)


@pytest.mark.parametrize(
    ("hits", "text"),
    [
        ({}, ""),
        ({"malformed": 1}, "1 beacon was malformed"),
        ({"malformed": 2}, "2 beacons were malformed"),
        ({"malformed": 5, "unknown_site": 3}, "3 beacons named no site of footfall.toml, 5 were malformed"),
        ({"malformed": 1, "unknown_site": 1}, "1 beacon named no site of footfall.toml, 1 was malformed"),
    ],
)
def test_beacons_of_no_site_in_a_sentence(hits: dict[str, int], text: str) -> None:
    assert describe_strays(hits) == text


def test_a_figure_that_cannot_be_told_says_so() -> None:
    told, untold = make_figures(("visits", "events"), {"visits": None}, {}, is_added_up=True)
    assert (told.is_told, untold.is_told, untold.text) == (True, False, "–")


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        ("2026-03-10", "2026-03-10", "10 Mar 2026"),
        ("2026-02-01", "2026-03-10", "1 Feb – 10 Mar 2026"),
        ("2025-12-31", "2026-01-01", "31 Dec 2025 – 1 Jan 2026"),
    ],
)
def test_dates_as_text(first: str, last: str, text: str) -> None:
    assert name_dates(parse_dates(first, last, UTC)) == text


def test_buckets_as_text() -> None:
    day = Period("day", date(2026, 3, 10), date(2026, 3, 11), ZoneInfo("Asia/Kathmandu"))
    nine = 1_773_135_900  # 15:30 there
    week = parse_dates("2026-03-04", "2026-03-10", UTC)
    assert name_bucket(nine, day, Granularity.HOUR) == "15:30 – 16:30"
    assert name_bucket(1_773_136_800, week, Granularity.HOUR) == "10 Mar, 10:00 – 11:00"
    assert name_bucket(date(2026, 3, 10), week, Granularity.DAY) == "Tue 10 Mar"
    assert name_bucket(date(2026, 3, 9), week, Granularity.WEEK) == "Week of 9 Mar"
    assert name_bucket(date(2026, 3, 1), week, Granularity.MONTH) == "March 2026"
    assert abbreviate_bucket(nine, day, Granularity.HOUR) == "15:30"
    assert abbreviate_bucket(date(2026, 3, 1), week, Granularity.MONTH) == "Mar"
    assert abbreviate_bucket(date(2026, 1, 1), week, Granularity.MONTH) == "Jan 2026"


def test_countries_have_names() -> None:
    names = country_names()
    assert (names["DE"], names["GB"], names["NP"]) == ("Germany", "United Kingdom", "Nepal")
    assert len(names) > 240


def test_everything_that_is_shown_has_a_name() -> None:
    assert set(NAMES) == set(DEFINITIONS) == set(METRICS)
    assert set(PERIOD_NAMES) == set(NAMED)
    assert set(REJECTION_NAMES) == {str(reason) for reason in Rejection}
    assert {tab.filter for panel in PANELS for tab in panel.tabs} <= set(FILTERS)
    assert {metric for panel in PANELS for tab in panel.tabs for metric in tab.metrics} <= set(METRICS)
    assert all(len(set(tabs)) == len(tabs) for tabs in TABS_BY_PANEL.values())
