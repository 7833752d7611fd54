"""The report: a section for each question, which can be measured anew without the others. Pure but for the clock."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from benchmarks.measure import machine

HEADING = (
    "# Benchmarks\n\nWritten by `make bench`, a section for each of its questions;"
    ' `make bench ARGS="--only NAME --keep"` measures one anew.'
    " Machines are noisy: read the ratios, taken within one run."
)
_MARK = re.compile(r"^<!-- (\w+) -->\n", re.MULTILINE)


def conditions() -> str:
    """Return when and on what is measured now, and how busy that is with other things: to be asked before."""
    return f"*{datetime.now(UTC):%Y-%m-%d}. {machine()}. Load average before: {os.getloadavg()[0]:.1f}.*"


def sections_of(report: str) -> dict[str, str]:
    """Return the sections of a report by the question that each answers; of anything else, none."""
    _, *parts = _MARK.split(report)
    return {name: section.strip() for name, section in zip(parts[::2], parts[1::2], strict=True)}


def render(sections: Mapping[str, str], order: Sequence[str]) -> str:
    """Return the report with those of `sections` whose questions are in `order`, in that order."""
    marked = [f"<!-- {name} -->\n{sections[name]}" for name in order if name in sections]
    return "\n\n".join([HEADING, *marked]) + "\n"
