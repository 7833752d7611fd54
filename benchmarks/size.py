"""How many bytes does a pageview take in archive and store, and how large is the tracker?"""

from __future__ import annotations

import gzip
import tempfile
from importlib import resources
from pathlib import Path

from aggregator.archive import Archive
from aggregator.inventory import take_inventory
from benchmarks.rebuild import in_process
from schema.rollups import PAGEVIEWS, ROLLUPS

_SCRIPTS = ("pageviews", "default", "all")
_ARCHIVED, _STORED, _PROJECTED = 12, 16, 32  # the figures to reach


def measure(days: int) -> str:
    """Return two sections of the report."""
    with tempfile.TemporaryDirectory(prefix="footfall-size-") as directory:
        in_process("demo", directory, str(days))
        archived, rebuilt = _archived(Path(directory)), in_process("ours", directory)
    return f"{_counts(archived, rebuilt, days)}\n\n{_snippet()}"


def _counts(archived: dict[str, float], rebuilt: dict[str, float], days: int) -> str:
    views = archived["pageviews"]
    per_view = {
        f"archive, {archived['files']:,.0f} files": (archived["bytes"] / views, _ARCHIVED),
        "store, without projections": ((rebuilt["bytes"] - rebuilt["projections"]) / views, _STORED),
        "store, with projections": (rebuilt["bytes"] / views, _PROJECTED),
    }
    table = "\n".join(f"| {name} | {size:.2f} | {most} |" for name, (size, most) in per_view.items())
    return (
        f"## Bytes per pageview\n\n`footfall demo --days {days}`: {views:,.0f} pageviews, {rebuilt['rows']:,.0f} rows"
        f" in {len(ROLLUPS)} tables, all of them counted.\n\n| | bytes | at most |\n| --- | ---: | ---: |\n{table}"
    )


def _snippet() -> str:
    scripts = {name: resources.files("collector").joinpath(f"static/{name}.js").read_bytes() for name in _SCRIPTS}
    lines = [f"| {name} | {len(code):,} | {len(gzip.compress(code, 9, mtime=0)):,} |" for name, code in scripts.items()]
    return "## Size of the snippet\n\n| script | bytes | with gzip -9 |\n| --- | ---: | ---: |\n" + "\n".join(lines)


def _archived(directory: Path) -> dict[str, float]:
    archive = Archive(directory / "archive", 1)
    manifests = [each for day in archive.days() for each in take_inventory(archive, day).manifests]
    chunks = [chunk for each in manifests for chunk in each.tables[PAGEVIEWS.name].chunks]
    files = [path for path in archive.root.rglob("*") if path.is_file()]
    return {
        "pageviews": sum(chunk.sums["pageviews"] for chunk in chunks),
        "bytes": sum(path.stat().st_size for path in files),
        "files": len(files),
    }
