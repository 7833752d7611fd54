"""How many bytes does a pageview take in archive and store, how fast is the store rebuilt, how large is the tracker?"""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
import tempfile
import time
from importlib import resources
from pathlib import Path

from rich.console import Console

from aggregator.archive import Archive
from aggregator.inventory import take_inventory
from aggregator.projections import complete
from aggregator.restore import load_all
from benchmarks.measure import Spread
from footfall.demo import make_demo
from schema import migrate
from schema.rollups import PAGEVIEWS, ROLLUPS
from schema.settings import Settings, SiteSettings
from schema.store import Store, open_store

_SITE = "example.com"
_SCRIPTS = ("pageviews", "default", "all")
_ARCHIVED, _STORED, _PROJECTED, _ROWS = 12, 16, 32, 1_000_000  # the figures to reach
_ONE_BLOCK = (
    "async_insert = 0, max_threads = {0}, max_insert_threads = {0}, max_block_size = 1000000,"
    " min_insert_block_size_rows = 1000000, min_insert_block_size_bytes = 0, max_partitions_per_insert_block = 100"
)


def measure(runs: int, days: int) -> str:
    """Return two sections of the report."""
    with tempfile.TemporaryDirectory(prefix="footfall-size-") as directory:
        _in_process("make", directory, str(days))
        archived = _archived(Path(directory))
        rebuilt = [_in_process("rebuild", directory) for _ in range(runs)]
        bare = {
            kind: [_in_process("bare", directory, *kind) for _ in range(runs)]
            for kind in (("0", "1"), ("1", "1"), ("1", "2"))
        }
    return f"{_counts(archived, rebuilt[0], days)}\n\n{_rebuild(rebuilt, bare)}\n\n{_snippet()}"


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


def _rebuild(rebuilt: list[dict[str, float]], bare: dict[tuple[str, str], list[dict[str, float]]]) -> str:
    ours = _rates(rebuilt, "cpu")
    lines = [("`footfall restore`'s load, exactly once", _rates(rebuilt, "wall"), ours)]
    for (projections, threads), figures in bare.items():
        name = f"engine alone, {'with' if projections == '1' else 'without'} projections, {threads} thread(s)"
        lines.append((name, _rates(figures, "wall"), _rates(figures, "cpu")))
    table = "\n".join(f"| {name} | {wall} | {cpu} |" for name, wall, cpu in lines)
    later, later_cpu = (Spread.of([1000 * each[clock] for each in rebuilt]) for clock in ("later", "later_cpu"))
    yardstick = _rates(bare["0", "1"], "cpu")
    return (
        "## Rebuilding the store from the archive\n\nAn empty store each time; the engine alone is"
        " `INSERT … SELECT … FROM file('….parquet')` of the same files, without checksums and without a question."
        f" Rows per second, {len(rebuilt)} runs: median (lowest–highest).\n\n"
        f"| | rows/s | rows per second of CPU |\n| --- | ---: | ---: |\n{table}\n\n"
        f"Footfall loads at **{100 * ours.median / yardstick.median:.0f} %** of the engine's speed without projections,"
        f" per second of CPU, and {100 * ours.median / _ROWS:.0f} % of the {_ROWS:,} rows/s to reach. The projections"
        f" are made afterwards, from the store alone, while it answers already: {later} ms, {later_cpu} ms of CPU."
    )


def _rates(figures: list[dict[str, float]], clock: str) -> Spread:
    return Spread.of([each["rows"] / each[clock] for each in figures])


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


def _in_process(*arguments: str) -> dict[str, float]:
    """Do it in a process of its own: the engine opens one directory in its life."""
    command = [sys.executable, "-m", "benchmarks.size", *arguments]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    figures: dict[str, float] = json.loads(printed)
    return figures


def _main(what: str, directory: str, *arguments: str) -> dict[str, float]:
    settings = Settings(data_dir=Path(directory), site=(SiteSettings(_SITE),))
    if what == "make":
        make_demo(settings, int(arguments[0]), _SITE, Console(file=io.StringIO()))
        return {}
    with tempfile.TemporaryDirectory(prefix="footfall-rebuilt-") as empty:
        store = open_store(Settings(data_dir=Path(empty)))
        try:
            migrate.apply(store)
            archive = Archive(settings.archive_dir, settings.node)
            if what == "bare":
                _prepare_bare(store, with_projections=arguments[0] == "1")
            wall, cpu = time.perf_counter(), time.process_time()
            if what == "bare":
                _insert_files(store, archive, arguments[1])
            else:
                load_all(archive, store)
            clocks = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
            wall, cpu = time.perf_counter(), time.process_time()
            complete(store)
            clocks |= {"later": time.perf_counter() - wall, "later_cpu": time.process_time() - cpu}
            return clocks | _stored(store)
        finally:
            store.close()


def _prepare_bare(store: Store, *, with_projections: bool) -> None:
    """Have the engine make projections at each insert, as it does if it is told nothing, or none at all."""
    names = "SELECT table, name FROM system.projections WHERE database = currentDatabase()"
    for table, name in store.query(names):
        if with_projections:
            store.execute(f"ALTER TABLE {table} RESET SETTING materialize_projections_on_insert")
        else:
            store.execute(f"ALTER TABLE {table} DROP PROJECTION {name}")


def _insert_files(store: Store, archive: Archive, threads: str) -> None:
    for rollup in ROLLUPS:
        names = ", ".join(column.name for column in rollup.columns)
        for path in sorted(archive.root.glob(f"20*/*.{rollup.name}.parquet")):
            source = f"SELECT {names} FROM file('{path}', Parquet) SETTINGS {_ONE_BLOCK.format(threads)}"
            store.execute(f"INSERT INTO {rollup.name} ({names}) {source}")


def _stored(store: Store) -> dict[str, float]:
    of_ours = f"active AND database = currentDatabase() AND table IN ({', '.join(repr(r.name) for r in ROLLUPS)})"
    ((size, rows),) = store.query(f"SELECT sum(bytes_on_disk), sum(rows) FROM system.parts WHERE {of_ours}")
    ((projections,),) = store.query(f"SELECT sum(bytes_on_disk) FROM system.projection_parts WHERE {of_ours}")
    return {"bytes": int(size), "rows": int(rows), "projections": int(projections)}


if __name__ == "__main__":
    print(json.dumps(_main(*sys.argv[1:])))
