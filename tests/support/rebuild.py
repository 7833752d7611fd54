"""An empty store filled from an archive, in a process that a test may kill: `python -m support.rebuild DATA_DIR`.

Prints where each rollup's parts are, and how many rows it had of each month before and has after.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from aggregator.archive import Archive
from aggregator.restore import load_all
from schema import migrate
from schema.rollups import ROLLUPS
from schema.settings import Settings
from schema.store import Store, open_store


def by_month(store: Store) -> dict[str, dict[int, int]]:
    """How many rows each rollup has of each month."""
    sql = "SELECT toYYYYMM(day) AS month, count() FROM {} GROUP BY month ORDER BY month"
    return {rollup.name: dict(store.query(sql.format(rollup.name))) for rollup in ROLLUPS}


def main(data_dir: Path, *, only_migrate: bool) -> None:
    """Open the store, say what it has, load what it has not; in that order."""
    settings = Settings(data_dir=data_dir)
    store = open_store(settings)
    migrate.apply(store)
    before = by_month(store)
    if not only_migrate:
        _, problems = load_all(Archive(settings.archive_dir, settings.node), store)
        assert problems == []
    places = store.query("SELECT name, data_paths[1] FROM system.tables WHERE database = currentDatabase()")
    print(json.dumps({"places": dict(places), "before": before, "after": by_month(store)}))
    store.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), only_migrate="--only-migrate" in sys.argv)
