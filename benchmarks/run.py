"""`make bench`: measure everything and write benchmarks/REPORT.md, with method, machine and versions."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

from benchmarks import acknowledge, aggregate, growth, latency, memory, panels, size
from benchmarks.measure import machine

REPORT = Path(__file__).with_name("REPORT.md")


def main() -> None:
    """Run the benchmarks one after the other, or print only those that are asked for."""
    options = _options()
    measures: dict[str, Callable[[], str]] = {
        "acknowledge": lambda: acknowledge.measure(options.runs, options.seconds),
        "latency": lambda: latency.measure(options.latency_runs, options.latency_seconds),
        "growth": lambda: growth.measure(options.growth_beacons),
        "aggregate": lambda: aggregate.measure(options.aggregate_runs, options.aggregate_hits),
        "memory": memory.measure,
        "panels": lambda: panels.measure(options.panel_pageviews),
        "size": size.measure,
    }
    sections = [
        "# Benchmarks\n\nWritten by `make bench`. Machines are noisy: read the ratios, taken within one run.",
        f"{machine()}. Load average before: {os.getloadavg()[0]:.1f}.",
    ]
    for name in options.only or measures:
        sections.append(measures[name]())
        print(sections[-1], "\n", flush=True)
    if not options.only:
        REPORT.write_text("\n\n".join(sections) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--seconds", type=int, default=8)
    arguments.add_argument("--latency-runs", type=int, default=3)
    arguments.add_argument("--latency-seconds", type=int, default=20)
    arguments.add_argument("--growth-beacons", type=int, default=2_000_000)
    arguments.add_argument("--aggregate-runs", type=int, default=5)
    arguments.add_argument("--aggregate-hits", type=int, default=5_000_000)
    arguments.add_argument("--panel-pageviews", type=int, default=panels.PAGEVIEWS)
    names = ("acknowledge", "latency", "growth", "aggregate", "memory", "panels", "size")
    arguments.add_argument("--only", nargs="+", choices=names, help="print these, and leave the report alone")
    return arguments.parse_args()


if __name__ == "__main__":
    main()
