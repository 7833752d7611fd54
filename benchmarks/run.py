"""`make bench`: measure everything and write benchmarks/REPORT.md, with method, machine and versions."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import (
    acknowledge,
    aggregate,
    growth,
    latency,
    memory,
    open_day,
    outage,
    panels,
    rebuild,
    report,
    server,
    size,
    snippet,
    without_store,
)

REPORT = Path(__file__).with_name("REPORT.md")


@dataclass(frozen=True)
class Question:
    """How to answer it with a section of the report, and how much effort by default."""

    measure: Callable[..., str]
    effort: Mapping[str, int] = field(default_factory=dict)


QUESTIONS: Mapping[str, Question] = {
    "acknowledge": Question(acknowledge.measure, {"runs": 5, "seconds": 8}),
    "latency": Question(latency.measure, {"runs": 3, "seconds": 20}),
    "growth": Question(growth.measure, {"count": 2_000_000}),
    "aggregate": Question(aggregate.measure, {"runs": 5, "hits": 5_000_000}),
    "open_day": Question(open_day.measure),
    "outage": Question(outage.measure, {"minutes": 60}),
    "memory": Question(memory.measure),
    "size": Question(size.measure, {"days": 365}),
    "rebuild": Question(rebuild.measure, {"runs": 5, "days": 365, "busy_days": 11}),
    "panels": Question(panels.measure, {"pageviews": panels.PAGEVIEWS, "runs": panels.RUNS}),
    "snippet": Question(snippet.measure, {"runs": 21}),
    "server": Question(server.measure, {"days": 365}),
    "without_store": Question(without_store.measure, {"rounds": 16, "seconds": 2, "rate": 1_000}),
}


def main() -> None:
    """Answer the questions one after the other; those of the report anew in it, or only print them."""
    options = _options()
    kept = report.sections_of(REPORT.read_text("utf-8")) if REPORT.exists() else {}
    for name in options.only or QUESTIONS:
        question = QUESTIONS[name]
        effort = {part: getattr(options, f"{name}_{part}") for part in question.effort}
        conditions = report.conditions()
        kept[name] = f"{question.measure(**effort)}\n\n{conditions}"
        print(kept[name], "\n", flush=True)
        if options.keep or not options.only:
            REPORT.write_text(report.render(kept, list(QUESTIONS)), encoding="utf-8")


def _options() -> argparse.Namespace:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--only", nargs="+", choices=QUESTIONS, help="these, and leave the report alone")
    arguments.add_argument("--keep", action="store_true", help="with --only: put what is found into the report")
    for name, question in QUESTIONS.items():
        for part, default in question.effort.items():
            arguments.add_argument(f"--{name}-{part}".replace("_", "-"), type=int, default=default)
    return arguments.parse_args()


if __name__ == "__main__":
    main()
