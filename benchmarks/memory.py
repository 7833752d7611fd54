"""How much memory does the idle process tree take?"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.measure import children, is_listening, program, pss_megabytes, wait_until

COLLECTOR, DASHBOARD = "127.0.0.1:18003", "127.0.0.1:18004"
IDLE_SECONDS = 20


def measure() -> str:
    """Start everything on an empty store, let it idle, and return a section of the report."""
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as directory:
        settings: dict[str, Any] = {
            "FOOTFALL__DATA_DIR": directory,
            "FOOTFALL__COLLECTOR__LISTEN": COLLECTOR,
            "FOOTFALL__DASHBOARD__LISTEN": DASHBOARD,
        }
        with program("-m", "footfall", "serve", **settings) as supervisor:
            wait_until(lambda: is_listening(COLLECTOR) and is_listening(DASHBOARD))
            time.sleep(IDLE_SECONDS)
            sizes = {_name(process): pss_megabytes(process) for process in (supervisor.pid, *children(supervisor.pid))}
    rows = [f"| {name} | {megabytes:,.0f} |" for name, megabytes in sizes.items()]
    return "\n".join(
        [
            "## Memory when idle",
            "",
            f"`footfall serve` with two workers, {IDLE_SECONDS} s after its start; proportional set size from"
            " /proc/PID/smaps_rollup, in megabytes.",
            "",
            "| process | PSS MB |",
            "| --- | ---: |",
            *rows,
            f"| **all** | **{sum(sizes.values()):,.0f}** |",
        ]
    )


def _name(process: int) -> str:
    words = Path(f"/proc/{process}/cmdline").read_text().split("\0")
    return f"{words[words.index('footfall') + 1]} {process}"
