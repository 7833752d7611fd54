"""`make bench`: measure everything and write benchmarks/REPORT.md, with method, machine and versions."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from benchmarks import acknowledge, memory, size
from benchmarks.measure import machine

REPORT = Path(__file__).with_name("REPORT.md")


def main() -> None:
    """Run the benchmarks one after the other."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--seconds", type=int, default=8)
    options = arguments.parse_args()
    sections = [
        "# Benchmarks\n\nWritten by `make bench`. Machines are noisy: read the ratios, taken within one run.",
        f"{machine()}. Load average before: {os.getloadavg()[0]:.1f}.",
    ]
    for measure in (lambda: acknowledge.measure(options.runs, options.seconds), memory.measure, size.measure):
        sections.append(measure())
        print(sections[-1], "\n", flush=True)
    REPORT.write_text("\n\n".join(sections) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
