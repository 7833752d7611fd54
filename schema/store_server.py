"""The Store on a ClickHouse server, over the native protocol: what is asked again, and what must not be."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from clickhouse_driver.errors import ServerException

from schema.bind import bind_parameters
from schema.driver_columns import driver_columns
from schema.errors import OutcomeUnknownError, StoreUnavailableError
from schema.server_url import ServerUrl, parse_server_url
from schema.store import NO_PARAMETERS, Capabilities, Parameters, Row, Store
from schema.store_connections import BROKEN, Connections, describe

if TYPE_CHECKING:
    import pyarrow as pa

READ_PAUSES = (0.1, 0.4, 1.6)  # seconds before a read is asked again
_READ_SECONDS = 10.0  # a read that took longer by then is not: a server that hangs is not helped by more of the same
_NO_DATABASE = 81
# The server does not know either: a time-out or a lost keeper while it wrote.
_UNKNOWN_OUTCOME = (159, 209, 210, 319, 999)


class ServerStore:
    """ClickHouse at `url`; the database is created if it is not there.

    Raises:
        SettingError: the url is malformed.
        StoreUnavailableError: no answer.
    """

    def __init__(self, url: str | ServerUrl) -> None:
        self.url = parse_server_url(url) if isinstance(url, str) else url
        self._connections = Connections(self.url)
        self._prepare()

    @property
    def capabilities(self) -> Capabilities:
        """What the server can do that answered last."""
        return self._connections.capabilities

    @property
    def shards(self) -> Sequence[Store]:
        """Itself; see Store."""
        return (self,)

    @property
    def place(self) -> str:
        """There is only one; see Store."""
        return ""

    def query(self, sql: str, parameters: Parameters = NO_PARAMETERS) -> list[Row]:
        """Return the rows of a SELECT; see Store. Asked again, a few times, if the connection breaks."""
        bound, start = bind_parameters(sql, parameters), time.monotonic()
        for pause in READ_PAUSES:
            try:
                return self._read(bound)
            except BROKEN as error:
                if isinstance(error, ServerException) or time.monotonic() + pause > start + _READ_SECONDS:
                    raise self._connections.unavailable(error) from None
            time.sleep(pause)
        try:
            return self._read(bound)
        except BROKEN as error:
            raise self._connections.unavailable(error) from None

    def execute(self, sql: str) -> None:
        """Run a statement that returns nothing; see Store. Never repeated: it may have run."""
        try:
            self._connections.execute(sql)
        except BROKEN as error:
            raise self._connections.unavailable(error) from None

    def insert(self, table: str, rows: pa.Table, query_id: str) -> None:
        """Insert `rows` as one block; see Store.

        The server answers the statement before it is sent any row. So whatever breaks, either no row was sent, or the
        statement is known to the server by its id, and `cancel` finds it: it never begins later.
        """
        sql = f"INSERT INTO {table} ({', '.join(rows.column_names)}) VALUES"
        try:
            self._connections.execute(
                sql, driver_columns(rows), columnar=True, query_id=query_id, settings=self._insert_settings(rows)
            )
        except ServerException as error:
            if error.code in _UNKNOWN_OUTCOME:
                raise OutcomeUnknownError(query_id, describe(error)) from None
            raise StoreUnavailableError(f"insert {query_id}: {describe(error)}") from None
        except BROKEN as error:
            raise OutcomeUnknownError(query_id, type(error).__name__) from None

    def cancel(self, query_id: str) -> None:
        """Return once no insert with this id is running any more; see Store."""
        self.execute(f"KILL QUERY WHERE query_id = {bind_parameters('{id:String}', {'id': query_id})} SYNC")

    def close(self) -> None:
        """Close every thread's connection."""
        self._connections.close()

    def _read(self, sql: str) -> list[Row]:
        return [tuple(row) for row in self._connections.execute(sql)]

    def _insert_settings(self, rows: pa.Table) -> dict[str, Any]:
        """Return what makes it one block, which is one part; and synchronous where it might not be."""
        settings: dict[str, Any] = {"insert_block_size": max(1, rows.num_rows)}
        if self.capabilities.has_async_insert:
            settings["async_insert"] = 0
        return settings

    def _prepare(self) -> None:
        """Learn what the server can do; create the database if it is not there, which only some users may."""
        try:
            self._connections.execute("SELECT 1")
        except BROKEN as error:
            if not isinstance(error, ServerException) or error.code != _NO_DATABASE:
                raise self._connections.unavailable(error) from None
            self._create_database()

    def _create_database(self) -> None:
        try:
            self._connections.execute_without_database(f"CREATE DATABASE IF NOT EXISTS {self.url.database}")
            self._connections.execute("SELECT 1")
        except BROKEN as error:
            raise self._connections.unavailable(error) from None
