"""The real embedded store for tests: one per process, since the engine can open only one directory in its life."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schema import migrate
from schema.rollups import ROLLUPS
from schema.store import Store
from schema.store_embedded import EmbeddedStore


@contextmanager
def shared_store(*, clean: bool = True) -> Iterator[EmbeddedStore]:
    """Give the process's store, migrated; with `clean`, its rollups are empty and it has no live tables."""
    store = _open()
    if clean:
        clean_store(store)
    yield store


def clean_store(store: Store) -> None:
    """Empty the rollups and drop the live tables."""
    for rollup in ROLLUPS:
        store.execute(f"TRUNCATE TABLE {rollup.name}")
    live = "SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, 'live_')"
    for (name,) in store.query(live):
        store.execute(f"DROP TABLE {name} SYNC")


@functools.cache
def _open() -> EmbeddedStore:
    directory = Path(tempfile.mkdtemp(prefix="footfall-store-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    store = EmbeddedStore(directory)
    atexit.register(store.close)
    migrate.apply(store)
    return store
