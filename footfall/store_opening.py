"""The store for each kind of process: at once and for itself if it is embedded, else when the server answers."""

from __future__ import annotations

import logging

from schema import migrate
from schema.errors import MigrationError, StopError, StoreUnavailableError
from schema.late_store import LateStore
from schema.settings import Settings
from schema.store import Store, is_embedded, open_reading_store, open_store

log = logging.getLogger("footfall.store")


def open_for_counting(settings: Settings) -> Store:
    """Return the store, with this version's tables; those of a server are made when it answers.

    Raises:
        DataDirInUseError: another process has the embedded store.
        MigrationError: the embedded store is newer than this version.
    """
    if is_embedded(settings):
        return _open_migrated(settings)
    return LateStore(lambda: _open_migrated(settings))


def open_for_reading(settings: Settings) -> Store:
    """Return the store for a dashboard that runs by itself. It changes nothing on a server, also no tables.

    Raises:
        StopError: the embedded store is another process's, or not on this machine.
    """
    if not is_embedded(settings):
        return LateStore(lambda: _open_checked(settings))
    if not settings.warehouse_dir.exists():
        raise StopError(
            f"there are no counts in {settings.warehouse_dir}: the embedded store can be read only by the process that"
            " counts into it",
            hint="run `footfall serve` where the counts are, or let both use a server: store.url = clickhouse://…",
        )
    return _open_migrated(settings)


def _open_migrated(settings: Settings) -> Store:
    store = open_store(settings)
    try:
        for migration in migrate.apply(store):
            log.info("the store has had migration %04d, %s", migration.number, migration.name)
    except BaseException:
        store.close()
        raise
    return store


def _open_checked(settings: Settings) -> Store:
    store = open_reading_store(settings)
    try:
        missing = migrate.pending(store)
    except MigrationError as error:
        store.close()
        raise StoreUnavailableError(str(error), hint=error.hint) from None
    except BaseException:
        store.close()
        raise
    if missing:
        store.close()
        raise StoreUnavailableError(
            f"the store has yet to have migration {missing[0].number:04d}: `footfall aggregate` or `footfall migrate`"
            " makes its tables"
        )
    return store
