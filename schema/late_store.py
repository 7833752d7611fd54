"""A store that is opened when it is first needed: a server that is down keeps nobody from starting."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from schema.errors import StoreUnavailableError
from schema.store import NO_PARAMETERS, Capabilities, Parameters, Row, Store

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger("footfall.store")


class LateStore:
    """The store that `open_now` returns. Every call tries to open it until one succeeds; see Store for the rest.

    Raises (each call):
        StoreUnavailableError: it cannot be opened now.
        StopError: it cannot be opened before somebody fixes something.
    """

    def __init__(self, open_now: Callable[[], Store]) -> None:
        self._open_now = open_now
        self._guard = threading.Lock()
        self._store: Store | None = None
        self._said = ""

    @property
    def capabilities(self) -> Capabilities:
        """What the engine knows; see Store."""
        return self._opened().capabilities

    @property
    def shards(self) -> Sequence[Store]:
        """The stores that it consists of; see Store."""
        return self._opened().shards

    @property
    def place(self) -> str:
        """Where the next query is answered; see Store."""
        return self._opened().place

    def query(self, sql: str, parameters: Parameters = NO_PARAMETERS) -> list[Row]:
        """Return the rows of a SELECT; see Store."""
        return self._opened().query(sql, parameters)

    def execute(self, sql: str) -> None:
        """Run a statement that returns nothing; see Store."""
        self._opened().execute(sql)

    def insert(self, table: str, rows: pa.Table, query_id: str) -> None:
        """Insert `rows` as one block; see Store."""
        self._opened().insert(table, rows, query_id)

    def cancel(self, query_id: str) -> None:
        """Return once no insert with this id is running any more; see Store."""
        self._opened().cancel(query_id)

    def close(self) -> None:
        """Let go of the database, if it was opened."""
        if self._store is not None:
            self._store.close()

    def _opened(self) -> Store:
        if self._store is not None:
            return self._store
        with self._guard:
            if self._store is None:
                self._store = self._open()
            return self._store

    def _open(self) -> Store:
        """Open it; say once why that is not possible, and once that it is now."""
        try:
            store = self._open_now()
        except StoreUnavailableError as error:
            if str(error) != self._said:
                log.warning("the store cannot be opened yet, and is asked for again: %s", error)
            self._said = str(error)
            raise
        if self._said:
            log.info("the store is open")
        return store
