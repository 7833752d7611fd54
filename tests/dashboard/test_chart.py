"""The chart as geometry: where points, lines and labels are, and what is not drawn."""

import itertools
import re
from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.annotations import Annotation
from dashboard.answer import Answer, Metric, ResultRow
from dashboard.chart import HEIGHT, WIDTH, make_chart, make_series, sparkline
from dashboard.formulas import METRICS
from dashboard.period import Period, parse_dates, parse_period
from dashboard.query import Query
from dashboard.scale import make_scale

UTC = ZoneInfo("UTC")
DAY = date(2026, 3, 10)
NOON = 1_773_144_000_000
WEEK, TODAY = parse_period("7d", DAY, UTC), parse_period("day", DAY, UTC)


def answer(*values: Metric, period: Period = WEEK, metric: str = "visits") -> Answer:
    rows = tuple(ResultRow((str(number),), (value,)) for number, value in enumerate(values))
    return Answer(Query("example.com", period, (metric,), ("time",)), rows)


def points(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", path)]


def test_a_line_goes_from_edge_to_edge_and_its_last_stretch_is_apart() -> None:
    chart = make_chart(make_series(answer(0, 1, 2, 3, 4, 2, 1), NOON), None, NOON)
    assert points(chart.line)[0] == (0, HEIGHT)
    assert points(chart.line)[4][1] == 0
    assert len(points(chart.line)) == 6
    assert [x for x, _ in points(chart.tail)] == [points(chart.line)[-1][0], WIDTH]


def test_what_is_not_over_says_so_and_a_day_tells_its_notes() -> None:
    note = Annotation(date(2026, 3, 9), "changed", "Prices moved")
    chart = make_chart(make_series(answer(0, 1, 2, 3, 4, 2, 1), NOON), None, NOON, [note])
    assert chart.slots[-1].name.endswith("10 Mar, so far")
    assert [slot.note for slot in chart.slots] == ["", "", "", "", "", "A definition changed: Prices moved", ""]
    assert [slot.name for slot in chart.slots if "so far" in slot.name] == [chart.slots[-1].name]


def test_what_has_not_begun_has_no_value_so_far() -> None:
    april = parse_dates("2026-04-01", "2026-04-03", UTC)
    chart = make_chart(make_series(answer(period=april), NOON), None, NOON)
    assert [slot.name for slot in chart.slots] == ["Wed 1 Apr", "Thu 2 Apr", "Fri 3 Apr"]


def test_a_period_that_is_over_is_one_line() -> None:
    over = parse_period("yesterday", DAY, UTC)
    chart = make_chart(make_series(answer(*range(24), period=over), NOON), None, NOON)
    assert len(points(chart.line)) == 24
    assert chart.tail == ""


def test_hours_to_come_are_left_blank() -> None:
    chart = make_chart(make_series(answer(*[1] * 13, period=TODAY), NOON), None, NOON)
    assert len(chart.slots) == 24
    assert [bool(slot.y) for slot in chart.slots] == [True] * 13 + [False] * 11
    assert [number for number, slot in enumerate(chart.slots) if slot.is_last] == [12]


def test_what_has_no_value_breaks_the_line() -> None:
    series = make_series(answer(1, None, 3, 4, None, 6, 7, metric="bounce_rate"), NOON)
    assert make_chart(series, None, NOON).line.count("M") == 3


def test_the_period_before_is_drawn_in_the_same_scale_and_no_longer() -> None:
    now, longer = make_series(answer(*[5] * 7), NOON), make_series(answer(*[10] * 24, period=TODAY), NOON)
    chart = make_chart(now, longer, NOON)
    assert len(points(chart.earlier_line)) == 7
    assert points(chart.earlier_line)[0][1] == pytest.approx(points(chart.line)[0][1] - HEIGHT * 5 / 10, abs=HEIGHT / 5)
    assert chart.slots[0].earlier_text == "10"


def test_a_single_bucket_is_a_point_in_the_middle() -> None:
    month = Period("month", DAY, date(2026, 3, 11), UTC)
    query = Query("example.com", month, ("visits",), ("time:day",))
    chart = make_chart(make_series(Answer(query, (ResultRow(("x",), (3,)),)), NOON), None, NOON)
    (slot,) = chart.slots
    assert (slot.x, slot.left, slot.width, slot.is_last, slot.text) == ("50%", "0%", "100%", True, "3")


def test_nothing_at_all_is_empty() -> None:
    chart = make_chart(make_series(answer(*[0] * 7), NOON), None, NOON)
    assert chart.is_empty
    assert [tick.text for tick in chart.ticks] == ["0", "1"]


@pytest.mark.parametrize("metric", ["bounce_rate", "visit_duration"])
def test_a_ratio_of_0_is_not_nothing(metric: str) -> None:
    def is_empty(*values: Metric) -> bool:
        return make_chart(make_series(answer(*values, metric=metric), NOON), None, NOON).is_empty

    assert not is_empty(*[None] * 6, 0)
    assert is_empty(*[None] * 7)


def test_the_stretch_that_is_not_over_has_a_name_where_it_is_drawn() -> None:
    def tail_name(*values: Metric, period: Period = WEEK) -> str:
        return make_chart(make_series(answer(*values, period=period), NOON), None, NOON).tail_name

    assert tail_name(*range(7)) == "today"
    assert tail_name(*range(13), period=TODAY) == "this hour"
    assert tail_name(1, 2, 3, 4, 5, None, 7) == ""
    assert tail_name(*range(24), period=parse_period("yesterday", DAY, UTC)) == ""


def test_slots_cover_the_chart_without_a_gap() -> None:
    slots = make_chart(make_series(answer(*range(7)), NOON), None, NOON).slots
    ends = [(float(slot.left[:-1]), float(slot.left[:-1]) + float(slot.width[:-1])) for slot in slots]
    assert (ends[0][0], ends[-1][1]) == (0, 100)
    assert all(end == pytest.approx(start, abs=0.01) for (_, end), (start, _) in itertools.pairwise(ends))


def test_of_the_hours_of_several_days_those_that_begin_a_day_are_labelled() -> None:
    hours = replace(answer(*[1] * 168), query=Query("example.com", WEEK, ("visits",), ("time:hour",)))
    chart = make_chart(make_series(hours, NOON), None, NOON)
    assert [label.text for label in chart.labels] == [f"{day} Mar" for day in range(4, 11)]


def test_labels_at_the_edges_stay_inside() -> None:
    labels = make_chart(make_series(answer(*range(7)), NOON), None, NOON).labels
    assert [label.text for label in labels][:2] == ["4 Mar", "5 Mar"]
    assert (labels[0].anchor, labels[-1].anchor) == ("start", "end")


@pytest.mark.parametrize(
    ("metric", "largest", "texts"),
    [
        ("visits", 0, ["1", "0"]),
        ("visits", 3, ["3", "2", "1", "0"]),
        ("visits", 7, ["8", "6", "4", "2", "0"]),
        ("visits", 100, ["100", "75", "50", "25", "0"]),
        ("visits", 101, ["150", "100", "50", "0"]),
        ("visits", 2_400_000, ["3.00M", "2.00M", "1.00M", "0"]),
        ("bounce_rate", 48, ["60%", "40%", "20%", "0%"]),
        ("views_per_visit", 1.7, ["2.00", "1.50", "1.00", "0.50", "0.00"]),
        ("visit_duration", 95, ["2m", "1m 30s", "1m", "30s", "0s"]),
        ("visit_duration", 20_000, ["6h", "4h", "2h", "0s"]),
    ],
)
def test_a_scale_has_round_values(metric: str, largest: float, texts: list[str]) -> None:
    scale = make_scale(metric, largest)
    assert [tick.text for tick in reversed(scale.ticks)] == texts
    assert scale.ticks[-1].y == "0%"


@settings(deadline=None)
@given(st.sampled_from(METRICS), st.floats(0, 1e12))
def test_every_scale_holds_its_values_with_few_lines(metric: str, largest: float) -> None:
    scale = make_scale(metric, largest)
    assert scale.top >= largest
    assert 2 <= len(scale.ticks) <= 5


@settings(deadline=None)
@given(st.lists(st.none() | st.integers(0, 10**9), min_size=7, max_size=7))
def test_no_point_is_ever_outside(values: list[int | None]) -> None:
    chart = make_chart(make_series(answer(*values), NOON), None, NOON)
    for x, y in [*points(chart.line), *points(chart.tail), *points(chart.area)]:
        assert 0 <= x <= WIDTH
        assert -0.01 <= y <= HEIGHT
    assert all(0 <= y <= HEIGHT for _, y in points(sparkline(values)))
