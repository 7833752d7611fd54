"""The scale beside a chart: lines at round values, up to a little above the largest. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from dashboard.words import format_metric

_MOST_LINES = 4  # above zero
_ROUND = (1, 2, 2.5, 5, 10)
_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800)
_SMALLEST_STEP = {"views_per_visit": 0.5}


@dataclass(frozen=True)
class Tick:
    """A line across the chart, at `y` from its upper edge."""

    y: str
    text: str


@dataclass(frozen=True)
class Scale:
    """From zero to `top`."""

    top: float
    ticks: tuple[Tick, ...]


def make_scale(metric: str, largest: float) -> Scale:
    """Return the scale for values of `metric` up to `largest`."""
    wanted = largest / _MOST_LINES
    step = next(step for step in _steps(metric) if step >= wanted)
    count = max(1, math.ceil(largest / step))
    ticks = (Tick(percent(1 - number / count), format_metric(metric, step * number)) for number in range(count + 1))
    return Scale(step * count, tuple(ticks))


def percent(share: float) -> str:
    """Return a share as SVG has it: `12.5%`."""
    return f"{100 * share:.3f}".rstrip("0").rstrip(".") + "%"


def _steps(metric: str) -> Iterator[float]:
    """Every distance that lines may have, in order."""
    smallest = _SMALLEST_STEP.get(metric, 1)
    if metric == "visit_duration":
        yield from _SECONDS
        smallest = 3600
    magnitude = smallest
    while True:
        yield from (step * magnitude for step in _ROUND if smallest < 1 or step * magnitude == int(step * magnitude))
        magnitude *= 10
