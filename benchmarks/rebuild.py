"""How fast is an empty store rebuilt from the archive, of a small site's year and of a busy one's days?"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from aggregator.archive import Archive
from aggregator.projections import complete
from aggregator.restore import load_all
from benchmarks.busy_archive import make_busy_archive
from benchmarks.measure import Spread
from benchmarks.panels import PAGEVIEWS
from footfall.demo import make_demo
from schema import migrate
from schema.rollups import ROLLUPS
from schema.settings import Settings, SiteSettings
from schema.store import Store, open_store

_SITE = "example.com"
_MOST = 1_000_000  # rows per second, the figure to reach
_BARE = (("without", "1"), ("with", "1"), ("with", "2"))  # projections, threads
_ONE_BLOCK = (
    "async_insert = 0, max_threads = {0}, max_insert_threads = {0}, max_block_size = 1000000,"
    " min_insert_block_size_rows = 1000000, min_insert_block_size_bytes = 0, max_partitions_per_insert_block = 100"
)


def measure(runs: int, days: int, busy_days: int) -> str:
    """Return a section of the report."""
    made = {
        f"`footfall demo --days {days}`": ("demo", str(days)),
        f"{busy_days} days of a site with {PAGEVIEWS:,} pageviews a year": ("busy", str(busy_days)),
    }
    with tempfile.TemporaryDirectory(prefix="footfall-rebuild-") as directory:
        parts = [_of_archive(name, how, runs, Path(directory)) for name, how in made.items()]
    return "\n\n".join(
        (
            "## Rebuilding the store from the archive\n\nAn empty store each time, removed at the end:"
            " a file system is slow where much was deleted just before. The engine alone is"
            " `INSERT … SELECT … FROM file('….parquet')` of the same files, without checksums and without a question."
            f" {runs} runs: median (lowest–highest). Projections are made afterwards, from the store alone, while it"
            " answers already.",
            *parts,
        )
    )


def _of_archive(name: str, how: tuple[str, str], runs: int, beside: Path) -> str:
    directory = str(beside / how[0])
    in_process(how[0], directory, how[1])
    ours = [in_process("ours", directory) for _ in range(runs)]
    bare = {kind: [in_process("bare", directory, *kind) for _ in range(runs)] for kind in _BARE}
    rates = _rates(ours, "cpu")
    lines = [("`footfall restore`'s load, exactly once", _rates(ours, "wall"), rates)]
    for (projections, threads), figures in bare.items():
        alone = f"engine alone, {projections} projections, {threads} thread(s)"
        lines.append((alone, _rates(figures, "wall"), _rates(figures, "cpu")))
    table = "\n".join(f"| {name} | {wall} | {cpu} |" for name, wall, cpu in lines)
    later, later_cpu = (Spread.of([1000 * each[clock] for each in ours]) for clock in ("later", "later_cpu"))
    yardstick = _rates(bare[_BARE[0]], "cpu")
    return (
        f"{name}, {ours[0]['rows']:,.0f} rows in {ours[0]['files']:,.0f} files:\n\n"
        f"| | rows/s | rows per second of CPU |\n| --- | ---: | ---: |\n{table}\n\n"
        f"Footfall loads at **{100 * rates.median / yardstick.median:.0f} %** of the engine's speed without them,"
        f" per second of CPU, and {100 * rates.median / _MOST:.0f} % of the {_MOST:,} rows/s to reach."
        f" Projections: {later} ms, {later_cpu} ms of CPU."
    )


def _rates(figures: list[dict[str, float]], clock: str) -> Spread:
    return Spread.of([each["rows"] / each[clock] for each in figures])


def in_process(*arguments: str) -> dict[str, float]:
    """Do it in a process of its own: the engine opens one directory in its life."""
    command = [sys.executable, "-m", "benchmarks.rebuild", *arguments]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    figures: dict[str, float] = json.loads(printed)
    return figures


def _main(what: str, directory: str, *arguments: str) -> dict[str, float]:
    settings = Settings(data_dir=Path(directory), site=(SiteSettings(_SITE),))
    if what == "demo":
        make_demo(settings, int(arguments[0]), _SITE, Console(file=io.StringIO()))
        return {}
    if what == "busy":
        make_busy_archive(settings.archive_dir, PAGEVIEWS, int(arguments[0]))
        return {}
    store = open_store(Settings(data_dir=Path(tempfile.mkdtemp(prefix="store-", dir=directory))))
    migrate.apply(store)
    archive = Archive(settings.archive_dir, settings.node)
    if what == "bare":
        _prepare_bare(store, with_projections=arguments[0] == "with")
    wall, cpu = time.perf_counter(), time.process_time()
    if what == "bare":
        _insert_files(store, archive, arguments[1])
    else:
        load_all(archive, store)
    clocks = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    wall, cpu = time.perf_counter(), time.process_time()
    complete(store)
    clocks |= {"later": time.perf_counter() - wall, "later_cpu": time.process_time() - cpu}
    found = clocks | _stored(store) | {"files": len(list(archive.root.glob("20*/*.parquet")))}
    store.close()
    return found


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
