"""The line chart of one metric as geometry: everything in per cent, so that one drawing fits every width. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from dashboard.annotations import Annotation
from dashboard.answer import Answer, Metric
from dashboard.buckets import Bucket, Granularity, bucket_of, buckets, has_begun
from dashboard.formulas import is_ratio
from dashboard.period import Period, day_start
from dashboard.scale import Tick, make_scale, percent
from dashboard.words import abbreviate_bucket, format_metric, name_bucket

WIDTH, HEIGHT = 1000, 100  # of the drawing that is stretched to the space there is
_MOST_LABELS = 9
_CURRENT = {
    Granularity.HOUR: "this hour",
    Granularity.DAY: "today",
    Granularity.WEEK: "this week",
    Granularity.MONTH: "this month",
}

Point = tuple[float, float] | None


@dataclass(frozen=True)
class Label:
    """A text below the chart; a minor one is left out where there is little room."""

    x: str
    text: str
    anchor: str
    is_minor: bool


@dataclass(frozen=True)
class Mark:
    """Something to know about the bucket at `x`."""

    x: str
    notes: tuple[Annotation, ...]


@dataclass(frozen=True)
class Slot:
    """What is told where the pointer is: a stretch of the chart around one bucket."""

    left: str
    width: str
    x: str
    y: str  # empty where there is nothing yet
    is_last: bool  # the last one that has something
    name: str
    text: str
    earlier_name: str = ""
    earlier_text: str = ""
    note: str = ""  # what is to know about it


@dataclass(frozen=True)
class Chart:
    """All that the template draws; paths are in WIDTH × HEIGHT."""

    metric: str
    line: str
    tail: str  # from the last whole bucket to the one that is not over
    tail_name: str  # what to call that one: `today`, `this hour`; empty without a tail to see
    area: str
    earlier_line: str
    ticks: tuple[Tick, ...]
    labels: tuple[Label, ...]
    slots: tuple[Slot, ...]
    is_empty: bool
    marks: tuple[Mark, ...] = ()
    granularity: Granularity = Granularity.DAY


@dataclass(frozen=True)
class Series:
    """One metric, bucket by bucket; None where there is none, or none yet."""

    metric: str
    period: Period
    granularity: Granularity
    buckets: tuple[Bucket, ...]
    values: tuple[Metric, ...]

    def name(self, index: int) -> str:
        """What to call a bucket; empty after the last one."""
        if index >= len(self.buckets):
            return ""
        return name_bucket(self.buckets[index], self.period, self.granularity)

    def text(self, index: int) -> str:
        """A bucket's value; empty after the last one."""
        return format_metric(self.metric, self.values[index]) if index < len(self.buckets) else ""

    def is_over(self, index: int, now_ms: int) -> bool:
        """Whether nothing can be added to a bucket any more."""
        following = (*self.buckets, self.period.end)[index + 1]
        return has_begun(following, self.period, now_ms)


def make_series(answer: Answer, now_ms: int) -> Series:
    """Return the first metric of an answer that goes by time alone, with the buckets still to come."""
    query = answer.query
    assert query.granularity is not None  # it goes by time
    every = tuple(buckets(query.period, query.granularity))
    begun = sum(has_begun(bucket, query.period, now_ms) for bucket in every)
    values = [row.metrics[0] for row in answer.rows][:begun]
    coming = (None,) * (len(every) - len(values))
    return Series(query.metrics[0], query.period, query.granularity, every, (*values, *coming))


def make_chart(now: Series, earlier: Series | None, now_ms: int, notes: Sequence[Annotation] = ()) -> Chart:
    """Return the chart of `now`, with `earlier` behind it, and a mark where one of `notes` belongs."""
    known = [value for series in (now, earlier) if series for value in series.values if value is not None]
    scale = make_scale(now.metric, max(known, default=0))
    count = len(now.buckets)
    points = _points(now.values, count, scale.top)
    last = max((index for index, point in enumerate(points) if point), default=0)
    noted = _noted(now, notes)
    is_over = now.is_over(last, now_ms)
    slots = [_slot(index, points, now, earlier, _tell(noted.get(index, ()))) for index in range(count)]
    goes_on = points[last] is not None and not is_over
    newest = replace(slots[last], is_last=True, name=f"{slots[last].name}{', so far' if goes_on else ''}")
    tail = "" if is_over else _path(points[max(0, last - 1) : last + 1])
    return Chart(
        metric=now.metric,
        line=_path(points if is_over else points[:last]),
        tail=tail,
        tail_name=_CURRENT[now.granularity] if "L" in tail else "",
        area=_area(points),
        earlier_line=_path(_points(earlier.values, count, scale.top)) if earlier else "",
        ticks=scale.ticks,
        labels=_labels(now),
        slots=(*slots[:last], newest, *slots[last + 1 :]),
        is_empty=not (known if is_ratio(now.metric) else any(known)),  # a ratio of 0 is something
        marks=tuple(Mark(percent(_x(index, count)), tuple(some)) for index, some in sorted(noted.items())),
        granularity=now.granularity,
    )


def sparkline(values: Sequence[Metric]) -> str:
    """Return the path of a small line for `values`, in the same stretched drawing."""
    return _path(_points(values, len(values), max((value or 0 for value in values), default=0) or 1))


def _points(values: Sequence[Metric], count: int, top: float) -> list[Point]:
    """Where the first `count` values are in the drawing."""
    return [
        None if value is None else (_x(index, count) * WIDTH, (1 - value / top) * HEIGHT)
        for index, value in enumerate(values[:count])
    ]


def _x(index: int, count: int) -> float:
    return index / (count - 1) if count > 1 else 0.5


def _path(points: Sequence[Point]) -> str:
    """A line through the points, broken where there is none."""
    parts, is_drawing = [], False
    for point in points:
        if point is not None:
            parts.append(f"{'L' if is_drawing else 'M'}{point[0]:.1f} {point[1]:.2f}")
        is_drawing = point is not None
    return "".join(parts)


def _area(points: Sequence[Point]) -> str:
    whole = [point for point in points if point is not None]
    return f"{_path(whole)}L{whole[-1][0]:.1f} {HEIGHT}L{whole[0][0]:.1f} {HEIGHT}Z" if len(whole) > 1 else ""


def _labels(series: Series) -> tuple[Label, ...]:
    count = len(series.buckets)
    places = _labelled(series)
    places = places[:: math.ceil(len(places) / _MOST_LABELS)]
    return tuple(
        Label(
            percent(_x(index, count)),
            abbreviate_bucket(series.buckets[index], series.period, series.granularity),
            _anchor(index, count),
            number % 2 == 1,
        )
        for number, index in enumerate(places)
    )


def _labelled(series: Series) -> Sequence[int]:
    """The buckets that may have a label: of the hours of several days, those that begin a day."""
    places = range(len(series.buckets))
    if series.granularity is not Granularity.HOUR or series.period.days == 1:
        return places
    days = (series.period.start + timedelta(days=number) for number in range(series.period.days))
    begins = {day_start(day, series.period.zone) for day in days}
    return [place for place in places if series.buckets[place] in begins] or places


def _anchor(index: int, count: int) -> str:
    """A text at the edge stays inside."""
    if count == 1 or 0 < index < count - 1:
        return "middle"
    return "start" if index == 0 else "end"


def _noted(series: Series, notes: Sequence[Annotation]) -> Mapping[int, Sequence[Annotation]]:
    """The notes of each bucket that has some; by the hour, they are at the first hour of the day."""
    found: dict[int, list[Annotation]] = {}
    for note in notes:
        if series.granularity is Granularity.HOUR:
            bucket: Bucket = day_start(note.day, series.period.zone)
        else:
            bucket = bucket_of(note.day, series.period, series.granularity)
        if bucket in series.buckets:
            found.setdefault(series.buckets.index(bucket), []).append(note)
    return found


def _tell(notes: Sequence[Annotation]) -> str:
    return ". ".join(f"{note.title}: {note.text}" for note in notes)


def _slot(index: int, points: Sequence[Point], now: Series, earlier: Series | None, note: str) -> Slot:
    count, point = len(now.buckets), points[index]
    half = 0.5 / (count - 1) if count > 1 else 0.5
    left, right = max(0.0, _x(index, count) - half), min(1.0, _x(index, count) + half)
    return Slot(
        left=percent(left),
        width=percent(right - left),
        x=percent(_x(index, count)),
        y=percent(point[1] / HEIGHT) if point else "",
        is_last=False,
        name=now.name(index),
        text=now.text(index),
        earlier_name=earlier.name(index) if earlier else "",
        earlier_text=earlier.text(index) if earlier else "",
        note=note,
    )
